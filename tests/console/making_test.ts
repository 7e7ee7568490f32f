/** What is made in the console: an image, an edit, a video, a batch, another version. */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import { dollars } from "../../console/lib/text.js";
import { estimateImageJob } from "../../pkg/generation_queue.js";
import { picture, withConsole } from "./console.ts";

withConsole("what is made in the console appears in it", async (console, project, t) => {
  const page = await console.open("#/send/board");
  const prompt = page.getByLabel("Prompt");

  await t.step("a message that is sent in the page becomes a picture in it", async () => {
    await page.getByLabel("Scene id").fill("scene-1");
    await prompt.fill("A lighthouse");
    await page.getByRole("button", { name: "Send image" }).click();
    const card = page.getByRole("article", { name: "scene-1" });
    await card.getByText("Queued").waitFor();
    await card.getByText("number 1", { exact: true }).waitFor();
    await project.run("image");
    await picture(page, ".card img");
    await card.locator(".strip").waitFor({ state: "detached" });
  });

  await t.step("the price that is shown is that of the core", async () => {
    await page.goto(`${console.url}/#/send/priced`);
    await prompt.fill("A lighthouse");
    const message = { storyboardId: "board", prompt: "A lighthouse", imageSize: "2K" };
    await page.getByLabel("Size").selectOption("2K");
    const rows = await project.stack.sql<{ model: string; kind: string }>(
      "select model, kind from generation_standing",
    );
    const models = rows.filter(({ kind }) => kind === "image").map(({ model }) => model);
    const [likely] = estimateImageJob(message, { models }).models;
    const price = page.locator(".price");
    await price.getByText(`Costs about ${dollars(likely.usd)}`).waitFor();
    await price.getByText(`by ${likely.model}`).waitFor();
    await page.getByText("More", { exact: true }).click();
    const each = page.getByRole("list", { name: "What each model makes of this" });
    await each.getByText("gemini-2.5-flash-image accepts no size").waitFor();
    await each.getByText(`${likely.model} Costs about`).waitFor();
  });

  await t.step(
    "what is wrong with a message is said beside its field, and nothing is sent",
    async () => {
      await page.goto(`${console.url}/#/send/board`);
      await page.getByRole("button", { name: "Video", exact: true }).click();
      await prompt.fill("Waves");
      await page.getByText("More", { exact: true }).click();
      await page.getByLabel("Seed").fill("-1");
      await page.getByText("Expected an integer from 0 to 2147483647, not -1").waitFor();
      assert.equal(await page.getByLabel("Seed").getAttribute("aria-invalid"), "true");
      await page.getByLabel("Scene id").fill("scene 06!");
      await page.locator(".target").getByText(/^Expected 1 to 128/).waitFor();
      assert.equal(await page.getByLabel("Scene id").getAttribute("aria-invalid"), "true");
      assert.equal(await page.locator(".issues").count(), 0, "it is said once");
      assert.ok(await page.getByRole("button", { name: "Send video" }).isDisabled());
      assert.deepEqual(await project.messages("video"), { queued: 0, archived: 0 });
    },
  );

  await t.step("an edit shows the picture before it", async () => {
    await page.goto(`${console.url}/#/storyboard/board/scene/scene-1`);
    const source = await picture(page, ".current img");
    await page.getByRole("group", { name: "What to make" }).getByRole("button", { name: "Edit" })
      .click();
    assert.equal(await page.getByLabel("Source images", { exact: true }).inputValue(), source);
    await prompt.fill("At night");
    await page.getByRole("button", { name: "Send image" }).click();
    await page.getByText("Queued").waitFor();
    await project.run("image");
    assert.equal(await picture(page, ".before img"), source);
    assert.notEqual(await picture(page, ".current figure > img"), source);
  });

  await t.step("an older version becomes the current one", async () => {
    const fit = (image: Element) => getComputedStyle(image).objectFit;
    const versions = page.locator(".version img");
    assert.equal(await versions.first().evaluate(fit), "contain", "versions are shown whole");
    const [edited, first] = await versions.evaluateAll((images) =>
      images.map((image) => (image as HTMLImageElement).src)
    );
    assert.equal(await picture(page, ".current figure > img"), edited);
    await page.getByRole("button", { name: "Make this the current one" }).click();
    await page.locator(`.current figure > img[src="${first}"]`).waitFor();
    const [{ value }] = await project.stack.sql<{ value: string }>(
      "select asset_url as value from generation_jobs where chosen_at is not null",
    );
    assert.equal(value, first);
  });

  await t.step("a version is sent again from the page of its scene", async () => {
    const { width, height } = page.viewportSize()!;
    await page.setViewportSize({ width: 390, height: 844 });
    const edited = page.locator(".version").filter({ hasText: "At night" });
    await edited.getByRole("button", { name: "Edit" }).click();
    await page.waitForFunction(() => document.activeElement?.id === "field-prompt");
    const { y, height: high } = (await prompt.boundingBox())!;
    assert.ok(y >= 0 && y + high <= 844, "on a phone, too, the form comes into view");
    await page.setViewportSize({ width, height });
    await edited.getByRole("button", { name: "Send again" }).click();
    await page.getByRole("status").getByText("Its message is in the form.").waitFor();
    assert.equal(await prompt.inputValue(), "At night");
    assert.notEqual(await page.getByLabel("Source images", { exact: true }).inputValue(), "");
  });

  await t.step("a video plays, with the picture that it was made from before it does", async () => {
    await page.getByRole("group", { name: "What to make" }).getByRole("button", { name: "Animate" })
      .click();
    const source = await page.getByLabel("First frame", { exact: true }).inputValue();
    await prompt.fill("The waves move");
    await page.getByRole("button", { name: "Send video" }).click();
    await page.getByText("Queued").waitFor();
    await project.run("video");
    const video = page.locator(".current video");
    await video.waitFor();
    assert.equal(await video.getAttribute("poster"), source);
    await video.evaluate((element: HTMLVideoElement) => (element.muted = true) && element.play());
    await page.waitForFunction(() => document.querySelector("video")!.currentTime > 0);

    await page.emulateMedia({ reducedMotion: "no-preference" });
    await page.goto(`${console.url}/#/storyboard/board`);
    await page.locator(".card .frame").first().hover();
    await page.waitForFunction(() => document.querySelector("video")!.currentTime > 0);
  });

  await t.step("a batch says all its errors, then what it is, then it is sent", async () => {
    await page.goto(`${console.url}/#/batch/board`);
    const text = page.getByLabel("Messages as JSON");
    await text.fill(
      '{"images": [{"prompt": ""}, {"prompt": "b", "sceneId": "a/b"}], "videos": [7]}',
    );
    await page.getByText("3 messages of 3 cannot be sent").waitFor();
    for (const label of ["images[0].prompt", "images[1].sceneId", "videos[0]"]) {
      await page.getByText(label).waitFor();
    }
    const send = page.getByRole("button", { name: "Send 3 jobs" });
    assert.ok(await send.isDisabled());
    await text.fill('["a", {"prompt": "b", "promt": "c"}]');
    await page.getByText("2 images and 0 videos, all valid, for board.").waitFor();
    await page.getByText("1 field will be ignored").waitFor();
    await page.getByText("[1].promt", { exact: true }).waitFor();
    await text.fill('{"images": ["a", {"prompt": "b", "sceneId": "s-2"}], "videos": ["c"]}');
    await page.getByText("2 images and 1 video, all valid, for board.").waitFor();
    await send.click();
    await page.getByRole("article", { name: "s-2" }).waitFor();
    await page.getByRole("status").getByText("3 jobs sent.").waitFor();
    assert.equal((await project.messages("image")).queued, 2);
    assert.equal((await project.messages("video")).queued, 1);
  });

  await t.step(
    "a batch that was interrupted is sent once, and does not change meanwhile",
    async () => {
      await page.goto(`${console.url}/#/batch/board`);
      const text = page.getByLabel("Messages as JSON");
      await text.fill('["one", "two", "three", "four", "five"]');
      const before = (await project.messages("image")).queued;
      const [third, seen] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      let requests = 0;
      await page.route("**/rpc/enqueue_generation_job", async (route) => {
        if (++requests < 3) return await route.continue();
        seen.resolve();
        await third.promise;
        await route.fulfill({ status: 500, json: { message: "interrupted" } });
      });
      await page.getByRole("button", { name: "Send 5 jobs" }).click();
      await seen.promise;
      await page.getByText("Sending 3 of 5").waitFor();
      assert.ok(await text.isDisabled());
      third.resolve();
      await page.getByRole("status").getByText("2 of 5 jobs sent. Then: interrupted").waitFor();
      await page.unroute("**/rpc/enqueue_generation_job");
      await page.reload();
      await text.fill('["one", "two", "three", "four", "five"]');
      await page.getByRole("button", { name: "Send 5 jobs" }).click();
      await page.getByRole("status").getByText("5 jobs sent.").waitFor();
      assert.equal((await project.messages("image")).queued, before + 5);
    },
  );
});
