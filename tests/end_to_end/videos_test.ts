import assert from "node:assert/strict";
import { isMp4, object, onStudio } from "./studio.ts";

const BUCKET = "storyboard-videos";

onStudio("videos", async (studio, test) => {
  await test.step("a scene's video is submitted, polled, stored and linked", async () => {
    const board = studio.storyboard();
    const key = await studio.entity(`scene:${board}:s`);
    const id = await studio.send("video", {
      storyboardId: board,
      sceneId: "s",
      prompt: "Lion walking",
    });
    const { status, report } = await studio.run("video");
    assert.equal(status, 200);
    assert.equal(report.succeeded, 1);
    const job = await studio.job(id);
    assert.equal(job.status, "succeeded");
    assert.equal(job.object_path, `${board}/scenes/s/${id}.mp4`);
    assert.match(job.operation!.name, /^models\/veo-3\.1-fast-generate-preview\/operations\//);
    assert.equal(Number(job.cost_usd), 0.8);
    const own = await object(job.asset_url!);
    assert.ok(isMp4(own.bytes));
    assert.equal(own.type, "video/mp4");
    const current = await object(studio.publicUrl(BUCKET, `${board}/s.mp4`));
    assert.deepEqual(current.bytes, own.bytes);
    const value = await studio.valueOf(key);
    assert.equal(value.videoUrl, job.asset_url);
    assert.ok(value.videoGeneratedAt);
    assert.equal(value.imageUrl, undefined);
  });

  await test.step("an image-to-video of a character starts from its image", async () => {
    const board = studio.storyboard();
    const key = await studio.entity(`character:${board}:c`);
    await studio.send("image", { storyboardId: board, characterId: "c", prompt: "Portrait" });
    await studio.run("image");
    const { imageUrl } = await studio.valueOf(key);
    studio.simulator.reset();
    await studio.send("video", {
      storyboardId: board,
      characterId: "c",
      prompt: "Animate this scene",
      sourceImageUrl: imageUrl,
      aspectRatio: "9:16",
      durationSeconds: 4,
    });
    assert.equal((await studio.run("video")).report.succeeded, 1);
    const body = JSON.stringify(studio.simulator.requests[0].body);
    assert.match(body, /"bytesBase64Encoded"/);
    assert.match(body, /"aspectRatio":"9:16"/);
    assert.match(body, /"durationSeconds":4\b/);
    const value = await studio.valueOf(key);
    assert.equal(value.imageUrl, imageUrl);
    assert.match(value.videoUrl, /\.mp4$/);
  });

  await test.step("a run that ends first hands the operation to the next", async () => {
    studio.simulator.reset();
    studio.simulator.script({ match: { kind: "poll" }, preset: "pending" });
    const id = await studio.send("video", { storyboardId: studio.storyboard(), prompt: "Slow" });
    const first = await studio.run("video", { budgetSeconds: 1 });
    assert.equal(first.status, 207);
    assert.equal(first.report.waiting, 1);
    const waiting = await studio.job(id);
    assert.equal(waiting.status, "waiting");
    assert.equal(waiting.attempts, 0);
    assert.ok(waiting.operation);
    await studio.hurry("video");
    assert.equal((await studio.run("video")).report.succeeded, 1);
    assert.deepEqual((await studio.job(id)).operation, waiting.operation);
    assert.equal(studio.simulator.accepted("video"), 1, "paid for once");
  });

  await test.step("a download that moved elsewhere is followed", async () => {
    studio.simulator.script({ match: { kind: "download" }, preset: "redirect" });
    const id = await studio.send("video", { storyboardId: studio.storyboard(), prompt: "Moved" });
    assert.equal((await studio.run("video")).report.succeeded, 1);
    assert.ok(isMp4((await object((await studio.job(id)).asset_url!)).bytes));
  });

  await test.step("a retired Veo leaves the job to Omni", async () => {
    studio.simulator.reset();
    studio.simulator.script({ match: { path: ":predictLongRunning" }, preset: "retired" });
    const board = studio.storyboard();
    await studio.send("image", { storyboardId: board, sceneId: "s", prompt: "A lake" });
    await studio.run("image");
    const id = await studio.send("video", {
      storyboardId: board,
      sceneId: "s",
      prompt: "slow push-in",
      sourceImageUrl: studio.publicUrl("storyboard-images", `${board}/s.png`),
    });
    assert.equal((await studio.run("video")).report.succeeded, 1);
    const job = await studio.job(id);
    assert.equal(job.model, "gemini-omni-1.1-flash");
    assert.ok(isMp4((await object(job.asset_url!)).bytes));
    const logs = studio.stack.functionLogs("process-video-generation").join("\n");
    assert.match(logs, /veo-3\.1-fast-generate-preview is not available/);
  });

  await test.step("a filtered video is final and says why", async () => {
    studio.simulator.script({ match: { kind: "poll" }, preset: "rai-filtered" });
    const id = await studio.send("video", { storyboardId: studio.storyboard(), prompt: "Filter" });
    const { status, report } = await studio.run("video");
    assert.equal(status, 207);
    assert.equal(report.failed, 1);
    const job = await studio.job(id);
    assert.equal(job.error_code, "content_blocked");
    assert.ok(job.error_message);
  });

  await test.step("a model that supports a field serves it, and without one the job fails", async () => {
    studio.simulator.reset();
    const video = { storyboardId: studio.storyboard(), prompt: "Lion walking" };
    const reference = studio.publicUrl("storyboard-images", "nothing-is-there.png");
    const refused = await studio.send("video", {
      ...video,
      negativePrompt: "rain",
      referenceImageUrls: [reference],
      durationSeconds: "4",
    });
    assert.equal((await studio.run("video")).report.failed, 1);
    const { error_code, error_message } = await studio.job(refused);
    assert.equal(error_code, "invalid_message");
    assert.equal(
      error_message,
      'durationSeconds: expected "8" with referenceImageUrls for veo-3.1-fast-generate-preview; ' +
        "negativePrompt: expected none for gemini-omni-1.1-flash",
    );
    assert.equal(studio.simulator.requests.length, 0);

    const chosen = await studio.send("video", { ...video, model: "gemini-omni-1.1-flash" });
    assert.equal((await studio.run("video")).report.succeeded, 1);
    assert.equal((await studio.job(chosen)).model, "gemini-omni-1.1-flash");
  });

  await test.step("an operation that failed at the provider is submitted again", async () => {
    studio.simulator.reset();
    studio.simulator.script({ match: { kind: "poll" }, preset: "operation-error" });
    const id = await studio.send("video", { storyboardId: studio.storyboard(), prompt: "Again" });
    assert.equal((await studio.run("video")).report.retrying, 1);
    await studio.hurry("video");
    assert.equal((await studio.run("video")).report.succeeded, 1);
    assert.equal((await studio.job(id)).status, "succeeded");
    assert.equal(studio.simulator.accepted("video"), 2);
  });

  await test.step("a submission without a reply is not repeated", async () => {
    studio.simulator.reset();
    studio.simulator.script({ match: { kind: "video" }, preset: "drop-after" });
    const id = await studio.send("video", { storyboardId: studio.storyboard(), prompt: "Lost" });
    assert.equal((await studio.run("video")).report.failed, 1);
    assert.equal((await studio.job(id)).error_code, "submission_uncertain");
    assert.equal(studio.simulator.accepted("video"), 1);

    const again = await studio.stack.sql(
      "select * from public.redrive_generation_jobs(array[$1::uuid])",
      [id],
    );
    assert.equal(again.length, 1);
    assert.equal((await studio.run("video")).report.succeeded, 1);
    assert.equal((await studio.job(id)).status, "succeeded");
  });
});
