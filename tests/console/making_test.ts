/** What is made in the console: an image, an edit, a video, a batch, another version. */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { dollars } from "../../console/lib/text.js";
import { type Estimate, estimateImageJob, estimateVideoJob } from "../../pkg/generation_queue.js";
import type { Locator, Page } from "playwright-core";
import { eventually } from "../support/eventually.ts";
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
    const fit = (image: Element) => getComputedStyle(image).objectFit;
    assert.equal(await card.locator("img").evaluate(fit), "contain", "it is shown whole");
    await card.locator(".strip").waitFor({ state: "detached" });
  });

  await t.step("the price that is shown is that of the core", async () => {
    await console.goTo(page, "send/priced");
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
    await page.getByLabel("Seed").fill("-1");
    await page.getByText("Expected an integer from 0 to 2147483647, not -1").waitFor();
    assert.equal(await each.getByText("not -1").count(), 0, "it is said once, not for each model");
  });

  await t.step(
    "what is wrong with a message is said beside its field, and nothing is sent",
    async () => {
      await console.goTo(page, "send/board");
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
    await console.goTo(page, "storyboard/board/scene/scene-1");
    await page.getByText("scene:board:scene-1 is not in the table of entities").waitFor();
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
    const versions = page.locator(".version img");
    // The picture is drawn as soon as it is known, which may be before its versions are.
    await versions.nth(1).waitFor();
    const [edited, first] = await versions.evaluateAll((images) =>
      images.map((image) => (image as HTMLImageElement).src)
    );
    const other = await console.open("#/storyboard/board/scene/scene-1");
    for (const browser of [page, other]) {
      assert.equal(await picture(browser, ".current figure > img"), edited);
    }
    await page.getByRole("button", { name: "Make this the current one" }).click();
    await page.locator(`.current figure > img[src="${first}"]`).waitFor();
    await eventually("another browser shows the same", async () => {
      const [one, two] = await Promise.all(
        [page, other].map((browser) =>
          browser.locator(".stage").evaluate((stage: HTMLElement) => [
            stage.innerText,
            ...[...stage.querySelectorAll("img")].map(({ src }) => src),
          ])
        ),
      );
      return one.join() === two.join();
    });
    await other.context().close();
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

    await console.goTo(page, "storyboard/board");
    const frame = page.locator(".card .frame").first();
    assert.equal(await frame.locator("video").getAttribute("poster"), source);
    assert.deepEqual(await playing(frame), { hovered: false, left: false, focused: false });
    await page.emulateMedia({ reducedMotion: "no-preference" });
    assert.deepEqual(await playing(frame), { hovered: true, left: false, focused: true });
    await page.waitForFunction(() => document.querySelector("video")!.currentTime > 0);
  });

  await t.step("the page of a job shows what it was made from", async () => {
    const [job] = await project.stack.sql<{ id: string; source: string }>(
      `select id, message #>> '{sourceImageUrls,0}' as source from generation_jobs
       where prompt = 'At night' limit 1`,
    );
    await console.goTo(page, `job/${job.id}`);
    assert.equal(await picture(page, ".sources img"), job.source);
    assert.notEqual(await picture(page, "img.asset"), job.source);
    const sent = JSON.parse(
      await page.locator("details", { hasText: "Message as sent" }).locator("pre").innerText(),
    );
    assert.deepEqual([sent.editMode, sent.sourceImageUrls], [true, [job.source]]);
  });

  await t.step("what goes on is estimated by how long jobs took in the last day", async () => {
    await project.stack.sql(
      `update generation_jobs set started_at = now() - interval '10 days', finished_at = now()
       where status = 'succeeded'`,
    );
    for (const kind of ["image", "video"] as const) {
      await project.send(kind, { storyboardId: "hand", sceneId: "in-hand", prompt: kind });
      await project.stack.sql(`select claim_generation_jobs('${kind}_generation_queue', 600, 1)`);
    }
    await project.stack.sql(
      `update generation_jobs set started_at = now() - interval '5 days' where scene_id = 'in-hand';
       update generation_jobs set status = 'waiting', operation = '{}', submitted_at = now()
       where scene_id = 'in-hand' and kind = 'video'`,
    );
    const board = await console.open("#/storyboard/hand");
    for (const word of ["Generating", "Video: Waiting for Google"]) {
      const strip = board.locator(".strip", { hasText: word });
      await strip.getByText("about 5 days left", { exact: true }).waitFor();
      const progress = strip.getByRole("progressbar", { name: "Estimated progress" });
      const part = Number(await progress.getAttribute("value"));
      assert.ok(part >= 0.425 && part < 0.55, `${part}: half of 85 in a hundred`);
    }
    assert.equal(await board.evaluate(animations), 0, "nothing moves by itself");
    await board.emulateMedia({ reducedMotion: "no-preference" });
    assert.notEqual(await board.evaluate(animations), 0);
    await board.getByRole("link", { name: "Generating" }).click();
    await board.getByRole("heading", { name: "Image: running" }).waitFor();
    await board.locator(".strip").getByText("about 5 days left", { exact: true }).waitFor();
    await board.context().close();
  });

  await t.step(
    "the queues show what waits, what was done and what it cost, in the dark as well",
    async () => {
      await project.send("image", { prompt: "for no storyboard" });
      await project.run("image");
      await project.send("image", { storyboardId: "board", sceneId: "next", prompt: "waits" });
      const [cost] = await project.stack.sql<Record<"image" | "video", number>>(
        `select sum(cost_usd) filter (where kind = 'image') as image,
         sum(cost_usd) filter (where kind = 'video') as video
       from generation_jobs`,
      );
      const sum = dollars(Number(cost.image) + Number(cost.video));
      const queue = await console.open("#/queue");
      await queue.getByRole("row", { name: /^invalid_message, image 1 storyboardId: / }).waitFor();
      await queue.getByRole("row", { name: `board 3 ${sum}`, exact: true }).waitFor();
      const none = { delayed: "0", failed: "0", cancelled: "0" };
      assert.deepEqual(await figuresOf(queue, "Images"), {
        ...{ ...none, wait: "1", "in flight": "1", succeeded: "2", failed: "1" },
        cost: dollars(cost.image),
      });
      assert.deepEqual(await figuresOf(queue, "Videos"), {
        // A video of which Google has the operation is delayed until the next poll.
        ...{ ...none, wait: "0", "in flight": "0", delayed: "1", succeeded: "1" },
        cost: dollars(cost.video),
      });
      await queue.getByRole("row", { name: /^hand in-hand Generating about / }).waitFor();
      await queue.getByRole("row", { name: /^board next Queued number 1 / }).waitFor();
      for (
        const { model, kind } of await project.stack.sql<Record<"model" | "kind", string>>(
          "select model, kind from generation_standing",
        )
      ) {
        await queue.getByRole("listitem").getByText(`${model} ${kind}, takes jobs`).waitFor();
      }
      for (
        const [caption, words] of [
          ["Jobs that ended, by hour", /succeeded: 3 together, .* failed or cancelled: 1 together/],
          [
            "How long images take",
            /^half of them: 10 days at .* 95 of 100: 10 days .* 99 of 100: 10 days/,
          ],
          ["How long videos take", /^half of them: 10 days at /],
          ["Cost by day", new RegExp(`^all jobs: \\${sum} together`)],
        ] as const
      ) {
        const figure = queue.getByRole("figure", { name: caption });
        assert.match(await figure.locator(".for-readers").innerText(), words);
      }
      assert.equal(await queue.locator(".plot canvas").count(), 4);
      await queue.waitForFunction(plotsAreInked);
      await queue.emulateMedia({ colorScheme: "dark" });
      await queue.waitForFunction(plotsAreInked);
      await queue.getByRole("link", { name: "invalid_message, image" }).click();
      await queue.getByRole("row", { name: /^image of no storyboard storyboardId: / }).waitFor();
      await queue.context().close();
      await project.stack.sql(
        "select cancel_generation_job(id) from generation_jobs where finished_at is null",
      );
    },
  );

  await t.step("a batch says all its errors, and what is not read", async () => {
    await console.goTo(page, "batch/board");
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
    await text.fill(JSON.stringify(Array.from({ length: 60 }, () => 7)));
    await page.getByText("60 messages of 60 cannot be sent").waitFor();
    assert.equal(await page.locator(".issues li").count(), 60);
    await text.fill('["a", {"prompt": "b", "promt": "c"}]');
    await page.getByText("2 images and 0 videos, all valid, for board.").waitFor();
    await page.getByText("1 field will be ignored").waitFor();
    await page.getByRole("button", { name: "Send 2 jobs and ignore 1 field" }).waitFor();
    await page.getByText("[1].promt Did you mean prompt?", { exact: true }).waitFor();
    await text.fill('{"image": ["a"], "videos": [{"promt": "c"}]}');
    await page.getByText("1 message of 1 cannot be sent").waitFor();
    await page.getByText("2 fields will be ignored").waitFor();
    for (const text of ["image Did you mean images?", "videos[0].promt Did you mean prompt?"]) {
      await page.getByText(text, { exact: true }).waitFor();
    }
  });

  await t.step("a batch is taken as a file, priced, and then sent", async () => {
    const batch = '{"images": ["a", {"prompt": "b", "sceneId": "s-2"}], "videos": ["c"]}';
    const text = page.getByLabel("Messages as JSON");
    await dropFiles(text, batch, batch);
    await page.getByRole("status").getByText("Nothing was taken: expected one file, not 2.")
      .waitFor();
    await dropFiles(text, '{"images": ["dropped"]}');
    await page.getByText("1 image and 0 videos, all valid, for board.").waitFor();
    assert.equal(await text.inputValue(), '{"images": ["dropped"]}');
    await page.getByLabel("Or choose a file").setInputFiles({
      ...{ name: "batch.json", mimeType: "application/json", buffer: Buffer.from(batch) },
    });
    await page.getByText("2 images and 1 video, all valid, for board.").waitFor();
    const models = await project.stack.sql<{ model: string; kind: string }>(
      "select model, kind from generation_standing",
    );
    const of = (wanted: string) => ({
      models: models.filter(({ kind }) => kind === wanted).map(({ model }) => model),
    });
    const image = estimateImageJob({ storyboardId: "board", prompt: "a" }, of("image"));
    const video = estimateVideoJob({ storyboardId: "board", prompt: "c" }, of("video"));
    const sum = (price: (estimate: Estimate) => number | null | undefined) =>
      dollars(2 * price(image)! + price(video)!);
    await page.getByText(
      `Costs about ${sum(({ models }) => models[0].usd)} together, ` +
        `${sum(({ lowestUsd }) => lowestUsd)} to ${
          sum(({ highestUsd }) => highestUsd)
        } by other models.`,
    ).waitFor();
    assert.equal(
      (await project.messages("image")).queued,
      0,
      "nothing is sent before it is said to",
    );
    await page.getByRole("button", { name: "Send 3 jobs" }).click();
    await page.getByRole("article", { name: "s-2" }).waitFor();
    await page.getByRole("status").getByText("3 jobs sent.").waitFor();
    assert.equal((await project.messages("image")).queued, 2);
    assert.equal((await project.messages("video")).queued, 1);
  });

  await t.step(
    "a batch that was interrupted is sent once, and does not change meanwhile",
    async () => {
      await console.goTo(page, "batch/board");
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
      await page.getByRole("button", { name: "Send 5 jobs" }).click();
      await page.getByRole("status").getByText("5 jobs sent.").waitFor();
      assert.equal((await project.messages("image")).queued, before + 5);
    },
  );
});

/** Drops files on an element, each with a text in it. */
async function dropFiles(target: Locator, ...texts: string[]): Promise<void> {
  await target.evaluate((element, texts) => {
    const dataTransfer = new DataTransfer();
    for (const text of texts) dataTransfer.items.add(new File([text], "batch.json"));
    for (const event of ["dragover", "drop"]) {
      const where = { bubbles: true, cancelable: true, dataTransfer };
      element.dispatchEvent(new DragEvent(event, where));
    }
  }, texts);
}

/** Whether the video of a card plays: under the pointer, without it, and with the focus. */
async function playing(frame: Locator) {
  const plays = () => frame.locator("video").evaluate((video: HTMLVideoElement) => !video.paused);
  await frame.blur();
  await frame.hover();
  const hovered = await plays();
  await frame.page().mouse.move(0, 0);
  const left = await plays();
  await frame.focus();
  return { hovered, left, focused: await plays() };
}

function animations(): number {
  return document.getAnimations().length;
}

/** The figures of a queue, by their names. */
function figuresOf(page: Page, queue: string): Promise<Record<string, string>> {
  return page.getByRole("region", { name: queue, exact: true }).locator("dl > div")
    .evaluateAll((all) =>
      Object.fromEntries(
        all.map((each) => ["dt", "dd"].map((part) => each.querySelector(part)!.textContent)),
      )
    );
}

/** Whether every plot shows something in the tones that its first or last line has now. Its axes have another. */
function plotsAreInked(): boolean {
  const style = getComputedStyle(document.body);
  const tones = ["--ink", "--faint"].map((name) => {
    const tone = style.getPropertyValue(name).trim();
    return [1, 3, 5].map((at) => parseInt(tone.slice(at, at + 2), 16)).join();
  });
  return [...document.querySelectorAll<HTMLCanvasElement>(".plot canvas")].every((canvas) => {
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] === 255 && tones.includes(data.slice(at, at + 3).join())) return true;
    }
    return false;
  });
}
