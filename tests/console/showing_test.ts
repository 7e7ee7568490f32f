/** What the console shows: how jobs stand, to whom, and what it does not let happen. */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import { dollars } from "../../console/lib/text.js";
import { adviceOf } from "../../console/model/remedy.js";
import { withConsole } from "./console.ts";
import { turnedAround } from "./geometry.ts";

withConsole("the console shows how jobs stand", async (console, project, t) => {
  const page = await console.open("#/storyboard/board");
  const send = (sceneId: string, fields = {}) =>
    project.send("image", { storyboardId: "board", sceneId, prompt: sceneId, ...fields });
  const card = (name: string) => page.getByRole("article", { name, exact: true });

  await t.step("where nothing is yet, the page says how to begin", async () => {
    await page.getByRole("heading", { name: "Nothing here yet" }).waitFor();
    await page.getByRole("link", { name: "Make an image" }).click();
    assert.equal(await page.getByLabel("Storyboard").inputValue(), "board");
    await console.goTo(page, "queue");
    await page.getByText("Nothing is on the queues.").waitFor();
    await page.getByText("The models appear with the first run of a worker.").waitFor();
    await page.getByText("Nothing in this time.").nth(3).waitFor();
    await page.goto(console.url);
    await page.getByRole("heading", { name: "No storyboard yet" }).waitFor();
    const statement = await page.locator(".empty pre").innerText();
    await project.stack.sql(statement);
    await page.reload();
    await page.getByRole("link", { name: "storyboard-001" }).click();
    await card("scene-001").getByText("Queued").waitFor();
    await card("scene-001").getByRole("button", { name: "Cancel this job" }).click();
    await card("scene-001").getByText("No image yet").waitFor();
    await console.goTo(page, "storyboard/board");
  });

  await t.step("a failed job says why, and is redriven", async () => {
    project.simulator.script({ match: { prompt: "refused" }, preset: "safety" });
    await send("refused");
    await project.run("image");
    await card("refused").getByText("Image failed").waitFor();
    await card("refused").getByText("IMAGE_SAFETY").waitFor();
    await card("refused").getByRole("button", { name: "Retry" }).click();
    await page.getByText("1 job is on the queue again.", { exact: true }).waitFor();
    await card("refused").getByText("Queued").waitFor();
    await project.run("image");
    await card("refused").locator("img").waitFor();
  });

  await t.step("a job is cancelled", async () => {
    await send("unwanted");
    await card("unwanted").getByRole("button", { name: "Cancel this job" }).click();
    await card("unwanted").getByText("No image yet").waitFor();
    await page.getByRole("status").getByText("Cancelled.").waitFor();
  });

  await t.step("a job that was cancelled is sent again", async () => {
    await page.getByRole("status").getByRole("link", { name: "Send again" }).click();
    assert.equal(await page.getByLabel("Scene id").inputValue(), "unwanted");
    await page.getByRole("button", { name: "Send image" }).click();
    await card("unwanted").getByText("Queued").waitFor();
    await page.getByRole("status").getByText("Sent.").waitFor();
    await project.run("image");
    await card("unwanted").locator("img").waitFor();
    await card("unwanted").getByRole("heading").getByRole("link").click();
    await page.getByRole("heading", { name: "Versions 2" }).waitFor();
    const [made, cancelled] = await page.locator(".version").all();
    await made.getByText("Current", { exact: true }).waitFor();
    assert.equal(await cancelled.locator(".frame").innerText(), "Cancelled");
    assert.deepEqual(await cancelled.getByRole("button").allTextContents(), ["Send again"]);
    await page.goBack();
  });

  await t.step("a message that can only fail again is changed instead", async () => {
    await send("wrong", { aspectRatio: "5:3", owner: "ada" });
    await project.run("image");
    assert.equal(await card("wrong").getByRole("button", { name: "Retry" }).count(), 0);
    await card("wrong").getByRole("link", { name: "Change and send again" }).click();
    await page.getByText(/^Expected .* not "5:3"/).waitFor();
    await page.getByText('owner: "ada"').waitFor();
    await page.getByLabel("Shape").selectOption("16:9");
    await page.getByRole("button", { name: "Send image" }).click();
    await card("wrong").getByText("Queued").waitFor();
    await project.run("image");
    await card("wrong").locator("img").waitFor();
  });

  await t.step("a delayed job says until when", async () => {
    await project.stack.sql(
      "select pgmq.send('image_generation_queue', $1::jsonb, 3600)",
      [JSON.stringify({ storyboardId: "board", sceneId: "later", prompt: "p" })],
    );
    await card("later").getByText(/^until \d/).waitFor();
  });

  await t.step("a job that a limit holds says which", async () => {
    const queue = await console.open("#/queue");
    const limits = queue.getByRole("form", { name: "Limits of gemini-2.5-flash-image" });
    await limits.getByLabel("a minute").fill("many");
    await limits.getByRole("button").click();
    await limits.getByText("Expected a whole number from 0").waitFor();
    assert.equal(await limits.getByLabel("a minute").getAttribute("aria-invalid"), "true");
    await limits.getByLabel("a minute").fill("0");
    await limits.getByRole("button").click();
    await queue.getByText("The limits of gemini-2.5-flash-image apply").waitFor();
    await send("held", { model: "gemini-2.5-flash-image" });
    await card("held").getByText("Held by a limit").waitFor();
    await card("held").getByText("gemini-2.5-flash-image is stopped").waitFor();
    await card("held").getByRole("link", { name: "Held by a limit" }).click();
    await page.getByRole("heading", { name: "Image: queued" }).waitFor();
    await page.getByText("Held by a limit").waitFor();
    await page.getByText("gemini-2.5-flash-image is stopped").waitFor();
    await page.goBack();
    await limits.getByLabel("a minute").fill("");
    await limits.getByRole("button").click();
    await card("held").getByText("Queued").waitFor();
    await project.run("image");
    await queue.context().close();
  });

  await t.step("whose jobs take turns is set", async () => {
    const queue = await console.open("#/queue");
    const shares = () =>
      project.stack.sql("select queue, fair_share from generation_limits where queue is not null");
    const share = queue.getByLabel("Whose videos take turns");
    for (const by of ["storyboard", "owner"]) {
      await share.selectOption(by);
      await queue.getByRole("status").getByText(`Jobs take turns by ${by}.`).waitFor();
      const [row, ...others] = await shares();
      assert.deepEqual(row, { queue: "video_generation_queue", fair_share: by });
      assert.equal(others.length, 0);
    }
    await queue.reload();
    await share.locator("option:checked").getByText("by owner").waitFor({
      state: "attached",
    });
    await share.selectOption("");
    await queue.getByRole("status").getByText("in the order in which they were sent").waitFor();
    assert.deepEqual(await shares(), []);
    await queue.context().close();
  });

  await t.step("what was refused or left is not shown as if it held", async () => {
    const queue = await console.open("#/queue");
    const limits = queue.getByRole("form", { name: "Limits of gemini-2.5-flash-image" });
    await limits.getByLabel("a minute").fill("many");
    await limits.getByRole("button").click();
    await limits.getByText("Expected a whole number from 0").waitFor();
    await queue.getByRole("link", { name: "Storyboards" }).click();
    await queue.getByRole("heading", { name: "Storyboards" }).waitFor();
    await queue.getByRole("link", { name: "Queue", exact: true }).click();
    await limits.waitFor();
    assert.equal(await limits.getByText("Expected a whole number from 0").count(), 0);

    const held = Promise.withResolvers<void>();
    await queue.route("**/rest/v1/generation_limits*", async (route) => {
      if (route.request().method() !== "POST") return await route.continue();
      await route.fulfill({ status: 500, json: { message: "no share for you" } });
    });
    await queue.getByLabel("Whose images take turns").selectOption("owner");
    await queue.getByRole("status").getByText("no share for you").waitFor();
    await queue.waitForFunction(() =>
      document.querySelector<HTMLSelectElement>('[aria-label="Whose images take turns"]')!.value ===
        ""
    );

    await queue.route("**/functions/v1/process-image-generation", async (route) => {
      await held.promise;
      await route.fulfill({ status: 202, json: {} });
    });
    const done = queue.waitForResponse("**/functions/v1/process-image-generation");
    await queue.getByRole("button", { name: "Run workers" }).click();
    await queue.getByRole("link", { name: "Storyboards" }).click();
    await queue.getByRole("heading", { name: "Storyboards" }).waitFor();
    held.resolve();
    await done;
    await queue.waitForRequest("**/rpc/generation_storyboards");
    assert.ok(await queue.getByRole("status").isHidden());
    await queue.context().close();
  });

  await t.step("a job whose model rests says why and until when, in every browser", async () => {
    project.simulator.script({
      match: { prompt: "resting" },
      preset: "unavailable",
      times: "always",
    });
    // One that has made nothing yet: beside its successes this would be taken for the job's own trouble.
    await send("resting", { model: "gemini-nano-banana-2.1" });
    await project.run("image");
    const other = await console.open("#/queue");
    await card("resting").getByText(/overloaded/).waitFor();
    await card("resting").getByText("Resting", { exact: true }).waitFor();
    await other.getByText(/overloaded/).first().waitFor();
    await other.getByRole("button", { name: "Try it now" }).click();
    await other.getByText("gemini-nano-banana-2.1 takes jobs again.").waitFor();
    await other.context().close();
    await card("resting").getByRole("button", { name: "Cancel this job" }).click();
    await card("resting").locator(".strip").waitFor({ state: "detached" });
  });

  await t.step("failed jobs are redriven, and queued ones cancelled, together", async () => {
    project.simulator.script({ match: { prompt: /^many/ }, preset: "safety", times: 4 });
    await send("many-1");
    await send("many-2");
    await project.run("image");
    await page.getByRole("button", { name: "Retry 2 failed jobs" }).click();
    await page.getByText("2 jobs are on the queue again.", { exact: true }).waitFor();
    await card("many-2").getByText("Queued").waitFor();
    await project.run("image");
    const queue = await console.open("#/queue");
    queue.on("dialog", (dialog) => dialog.accept());
    await queue.getByRole("button", { name: "Retry all images that failed with content_blocked" })
      .click();
    await queue.getByText("2 jobs are on the queue again.", { exact: true }).waitFor();
    await card("many-1").getByText("Queued").waitFor();
    page.once("dialog", (dialog) => dialog.accept());
    await page.getByRole("button", { name: /^Cancel \d queued$/ }).click();
    await page.getByRole("status").getByText("3 jobs cancelled.").waitFor();
    await card("many-2").locator(".strip").waitFor({ state: "detached" });
    assert.equal((await project.messages("image")).queued, 0);
    await queue.context().close();
  });

  await t.step("a source that cannot be used says what can, wherever it is shown", async () => {
    await send("private", { sourceImageUrl: "https://127.0.0.1/hero.png", editMode: true });
    await project.run("image");
    const advice = page.getByText(adviceOf("source_image_unusable"));
    await card("private").locator(advice).waitFor();
    await card("private").getByRole("link", { name: "Image failed" }).click();
    await page.getByRole("heading", { name: "Image: failed" }).waitFor();
    await advice.waitFor();
    await page.getByRole("link", { name: "Change and send again" }).click();
    await page.getByRole("heading", { name: "Send again" }).waitFor();
    await advice.waitFor();
    await console.goTo(page, "storyboard/board/scene/private");
    await page.locator(".version").locator(advice).waitFor();
    await console.goTo(page, "storyboard/board");
  });

  await t.step("workers are started from any page", async () => {
    await send("started");
    await card("started").getByText("Queued").waitFor();
    await page.getByRole("button", { name: "Run workers" }).click();
    await page.getByRole("status").getByText("Both workers were started.").waitFor();
    await card("started").locator("img").waitFor();
  });

  await t.step("prompts, errors and names are text, never markup", async () => {
    const markup =
      `<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`;
    // Turns what follows on its line around, unless it is kept apart.
    const hostile = `${markup} \u202Eturned ${"long".repeat(100)}`;
    const board = `"><b id="taken">${markup}`;
    await project.entity("scene:board:hostile", { title: `"><b id="taken">${hostile}` });
    const id = await send("hostile", {
      prompt: hostile,
      sourceImageUrl: "javascript:alert(1)",
      sourceImageUrls: 7,
      ["__proto__"]: { owner: hostile },
      [markup]: hostile,
    });
    const fail = (job: string) =>
      project.stack.sql(
        `update generation_jobs
         set status = 'failed', finished_at = now(), error_code = '<b id="taken">', error_message = $2
         where id = $1`,
        [job, hostile],
      );
    await fail(id);
    const waiting = await send("__proto__", { storyboardId: board, prompt: hostile });
    const addresses = [
      "storyboards",
      "storyboard/board",
      "storyboard/board/scene/hostile",
      `storyboard/${encodeURIComponent(board)}`,
      `storyboard/${encodeURIComponent(board)}/scene/__proto__`,
      `job/${id}`,
      `job/${waiting}`,
      `again/${id}`,
      "queue",
      `failed/image/${encodeURIComponent('<b id="taken">')}`,
    ];
    const assertText = async (address: string) => {
      assert.equal(await page.locator('#taken, img[src="x"], main script').count(), 0, address);
      assert.equal(await page.locator('[href^="javascript:"]').count(), 0, address);
      assert.deepEqual(await page.evaluate(turnedAround), [], address);
    };
    for (const address of addresses) {
      await console.goTo(page, address);
      await page.getByText("<img src=x").first().waitFor();
      await assertText(address);
    }
    await console.goTo(page, "batch/board");
    await page.getByLabel("Messages as JSON").fill(
      JSON.stringify({ images: [{ sceneId: hostile, prompt: markup, [markup]: 1 }, 7] }),
    );
    await page.getByText("2 messages of 2 cannot be sent").waitFor();
    await assertText("batch");
    const field = JSON.stringify(`${markup} \u202Eturned`);
    await page.getByLabel("Messages as JSON").fill(
      `[{"prompt": "a", "__proto__": {"prompt": ""}, ${field}: 1}, {"prompt": "b", ${field}: 1}]`,
    );
    await page.getByText("2 fields will be ignored").waitFor();
    await page.getByText("and in 1 other message").waitFor();
    await page.getByText("<img src=x").first().waitFor();
    await assertText("batch");
    assert.notEqual(await page.title(), "taken");
  });

  await t.step("a job shows its steps, its message and what was said", async () => {
    const [job] = await project.stack.sql<
      Record<"id" | "enqueued_at" | "finished_at" | "model", string>
    >(
      "select * from generation_jobs where scene_id = 'refused' and status = 'succeeded'",
    );
    const { id, model } = job;
    await console.goTo(page, `job/${id}`);
    await page.getByRole("heading", { name: "Image: succeeded" }).waitFor();
    const steps = await page.locator(".steps strong").allTextContents();
    assert.deepEqual([steps[0], steps.at(-1)], ["Sent", "Succeeded"]);
    assert.ok(steps.includes("Redriven"), steps.join());
    const times = await page.locator(".steps time").evaluateAll((all) =>
      all.map((time) => Date.parse((time as HTMLTimeElement).dateTime))
    );
    assert.deepEqual(times, times.toSorted((one, other) => one - other));
    const [sent, ended] = [job.enqueued_at, job.finished_at].map((time) =>
      new Date(time).getTime()
    );
    assert.deepEqual([times[0], times.at(-1)], [sent, ended]);
    await page.locator(".steps li", { hasText: "Redriven" }).getByText("IMAGE_SAFETY").waitFor();
    await page.getByText("scene:board:refused is not in the table of entities").waitFor();
    const fact = (name: string) => page.locator(".facts dt", { hasText: name }).locator("+ dd");
    assert.equal(await fact("Cost").innerText(), dollars((await project.job(id)).cost_usd));
    assert.match(
      await fact("Answer").innerText(),
      new RegExp(`^${model} made an image \\(image/png\\).* It counted [\\d,]+ tokens: `),
    );
    await page.getByText('"storyboardId": "board"').waitFor();
  });
});
