import assert from "node:assert/strict";
import { type Kind, object, onStudio } from "./studio.ts";

/** Messages that are no job, each with the field that its error has to name. */
const INVALID: [Kind, unknown, string][] = [
  ["image", "just text", "message"],
  ["image", ["a", "list"], "message"],
  ["image", 7, "message"],
  ["image", null, "message"],
  ["image", {}, "storyboardId"],
  ["image", { storyboardId: "b", prompt: "" }, "prompt"],
  ["image", { storyboardId: "", prompt: "p" }, "storyboardId"],
  ["image", { storyboardId: "b", prompt: 7 }, "prompt"],
  ["image", { storyboardId: "b", prompt: "x".repeat(200 * 1024) }, "prompt"],
  ["image", { storyboardId: "../b", prompt: "p" }, "storyboardId"],
  ["image", { storyboardId: "b", prompt: "p", sceneId: "a/b" }, "sceneId"],
  ["image", { storyboardId: "b", prompt: "p", characterId: "a b" }, "characterId"],
  ["image", { storyboardId: "b", prompt: "p", editMode: true }, "sourceImageUrl"],
  ["image", { storyboardId: "b", prompt: "p", editMode: "yes" }, "editMode"],
  [
    "image",
    { storyboardId: "b", prompt: "p", sourceImageUrl: "file:///etc/passwd" },
    "sourceImageUrl",
  ],
  ["video", {}, "prompt"],
  ["video", { storyboardId: "b", prompt: "p", aspectRatio: "1:1" }, "aspectRatio"],
  ["video", { storyboardId: "b", prompt: "p", durationSeconds: "5" }, "durationSeconds"],
  ["video", { storyboardId: "b", prompt: "p", resolution: "4k" }, "resolution"],
  [
    "video",
    { storyboardId: "b", prompt: "p", resolution: "1080p", durationSeconds: "4" },
    "durationSeconds",
  ],
];

onStudio("faults", async (studio, test) => {
  await test.step("an invalid message fails by field name and does not hold up other jobs", async () => {
    studio.simulator.reset();
    const bad: [string, string][] = [];
    for (const [kind, message, field] of INVALID) {
      bad.push([await studio.send(kind, message), field]);
    }
    const board = studio.storyboard();
    const good = await studio.send("image", { storyboardId: board, prompt: "Good", extra: [1] });
    const images = (await studio.run("image")).report;
    const videos = (await studio.run("video")).report;
    assert.equal(images.succeeded, 1);
    assert.equal(images.failed + videos.failed, INVALID.length);
    for (const [id, field] of bad) {
      const job = await studio.job(id);
      assert.equal(job.status, "failed");
      assert.equal(job.error_code, "invalid_message");
      assert.ok(job.error_message!.includes(`${field}: expected `), job.error_message!);
    }
    assert.equal((await studio.job(good)).status, "succeeded");
    assert.equal(studio.simulator.requests.length, 1, "only the good one reached the provider");
    assert.equal((await studio.messages("image")).queued, 0);
    assert.equal((await studio.messages("video")).queued, 0);
  });

  await test.step("quota is waited for, as long as the service says", async () => {
    studio.simulator.script({ match: { kind: "image" }, preset: "quota", retryDelay: "34.4s" });
    const id = await studio.send("image", { storyboardId: studio.storyboard(), prompt: "Quota" });
    const { status, report } = await studio.run("image");
    assert.equal(status, 207);
    assert.equal(report.waiting, 1);
    assert.equal(report.jobs[0].retryInSeconds, 35, "34.4 s, rounded up");
    const job = await studio.job(id);
    assert.equal(job.attempts, 0);
    assert.equal(job.error_code, "quota_exhausted");
    await studio.hurry("image");
    assert.equal((await studio.run("image")).report.succeeded, 1);
    assert.equal((await studio.job(id)).error_code, null);
  });

  await test.step("trouble at the provider is retried and counted", async () => {
    const id = await studio.send("image", { storyboardId: studio.storyboard(), prompt: "Trouble" });
    const presets = ["internal", "truncated", "html", "unavailable", "drop"] as const;
    // All of them first: a backoff may be so short that the same run tries again.
    for (const preset of presets) {
      studio.simulator.script({ match: { prompt: "Trouble" }, preset });
    }
    for (const _ of presets) {
      await studio.hurry("image");
      await studio.run("image");
    }
    const job = await studio.job(id);
    assert.equal(job.status, "failed");
    assert.equal(job.attempts, 5);
    const [again] = await studio.stack.sql<{ redriven: string }>(
      "select redriven from public.redrive_generation_jobs(error_code => $1) as redriven",
      [job.error_code],
    );
    assert.equal(again.redriven, id);
    assert.equal((await studio.run("image")).report.succeeded, 1);
  });

  await test.step("what the filter refused is final", async () => {
    for (const preset of ["safety", "prompt-blocked"] as const) {
      studio.simulator.script({ match: { prompt: preset }, preset });
      const id = await studio.send("image", { storyboardId: studio.storyboard(), prompt: preset });
      assert.equal((await studio.run("image")).report.failed, 1);
      assert.equal((await studio.job(id)).error_code, "content_blocked");
    }
  });

  await test.step("a retired image model leaves the job to the next", async () => {
    studio.simulator.script({ match: { model: "gemini-2.5-flash-image" }, preset: "retired" });
    const id = await studio.send("image", { storyboardId: studio.storyboard(), prompt: "Next" });
    assert.equal((await studio.run("image")).report.succeeded, 1);
    assert.equal((await studio.job(id)).model, "gemini-3.1-flash-image");
  });

  await test.step("an unusable source image is final", async () => {
    const id = await studio.send("image", {
      storyboardId: studio.storyboard(),
      prompt: "p",
      editMode: true,
      sourceImageUrl: "http://169.254.169.254/latest/meta-data/",
    });
    assert.equal((await studio.run("image")).report.failed, 1);
    assert.equal((await studio.job(id)).error_code, "source_image_unusable");
  });

  await test.step("an entity that is not there is said, and the asset stays", async () => {
    const board = studio.storyboard();
    const id = await studio.send("image", { storyboardId: board, sceneId: "gone", prompt: "p" });
    assert.equal((await studio.run("image")).status, 200);
    await object((await studio.job(id)).asset_url!);
    const logs = studio.stack.functionLogs("process-image-generation");
    const line = logs.find((line) => line.includes("Entity not found"));
    assert.equal(JSON.parse(line!).jobId, id, "one JSON object a line");
  });

  await test.step("an entity that cannot be updated is said, and the asset is not made again", async () => {
    const board = studio.storyboard();
    const key = await studio.entity(`scene:${board}:s`, "not an object");
    const id = await studio.send("image", { storyboardId: board, sceneId: "s", prompt: "Once" });
    studio.simulator.reset();
    assert.equal((await studio.run("image")).report.retrying, 1);
    assert.equal((await studio.job(id)).error_code, "entity_update_failed");
    const logs = studio.stack.functionLogs("process-image-generation").join("\n");
    assert.match(logs, /Error updating entity/);
    await studio.stack.sql("update public.kv_store_7ee7668a set value = '{}' where key = $1", [
      key,
    ]);
    await studio.hurry("image");
    assert.equal((await studio.run("image")).report.succeeded, 1);
    assert.equal((await studio.valueOf(key)).imageUrl, (await studio.job(id)).asset_url);
    assert.equal(studio.simulator.accepted("image"), 1);
  });

  await test.step("a cancelled job is not made", async () => {
    studio.simulator.reset();
    const id = await studio.send("image", { storyboardId: studio.storyboard(), prompt: "No" });
    const [{ cancelled }] = await studio.stack.sql<{ cancelled: { cancelled: boolean } }>(
      "select public.cancel_generation_job($1) as cancelled",
      [id],
    );
    assert.ok(cancelled.cancelled);
    assert.equal((await studio.run("image")).report.claimed, 0);
    assert.equal((await studio.job(id)).status, "cancelled");
    assert.equal(studio.simulator.requests.length, 0);
  });

  await test.step("no key is in a log line", () => {
    const logs = [
      ...studio.stack.functionLogs("process-image-generation"),
      ...studio.stack.functionLogs("process-video-generation"),
    ].join("\n");
    assert.ok(!logs.includes(studio.simulator.apiKey));
    assert.ok(!logs.includes(studio.stack.secretKey));
  });
});
