import assert from "node:assert/strict";
import { isMp4, object, withTestProject } from "../support/test_project.ts";

const BUCKET = "storyboard-videos";

withTestProject("videos", async (project, test) => {
  await test.step("a scene's video is submitted, polled, stored and linked", async () => {
    const board = project.storyboard();
    const key = await project.entity(`scene:${board}:s`);
    const id = await project.send("video", {
      storyboardId: board,
      sceneId: "s",
      prompt: "Lion walking",
    });
    const { status, report } = await project.run("video");
    assert.equal(status, 200);
    assert.equal(report.succeeded, 1);
    const job = await project.job(id);
    assert.equal(job.status, "succeeded");
    assert.equal(job.object_path, `${board}/scenes/s/${id}.mp4`);
    assert.match(job.operation!.name, /^models\/veo-3\.1-fast-generate-preview\/operations\//);
    assert.equal(Number(job.cost_usd), 0.8);
    const own = await object(job.asset_url!);
    assert.ok(isMp4(own.bytes));
    assert.equal(own.type, "video/mp4");
    const current = await object(project.publicUrl(BUCKET, `${board}/s.mp4`));
    assert.deepEqual(current.bytes, own.bytes);
    const value = await project.valueOf(key);
    assert.equal(value.videoUrl, job.asset_url);
    assert.ok(value.videoGeneratedAt);
    assert.equal(value.imageUrl, undefined);
  });

  await test.step("an image-to-video of a character starts from its image", async () => {
    const board = project.storyboard();
    const key = await project.entity(`character:${board}:c`);
    await project.send("image", { storyboardId: board, characterId: "c", prompt: "Portrait" });
    await project.run("image");
    const { imageUrl } = await project.valueOf(key);
    project.simulator.reset();
    await project.send("video", {
      storyboardId: board,
      characterId: "c",
      prompt: "Animate this scene",
      sourceImageUrl: imageUrl,
      aspectRatio: "9:16",
      durationSeconds: 4,
    });
    assert.equal((await project.run("video")).report.succeeded, 1);
    const body = JSON.stringify(project.simulator.requests[0].body);
    assert.match(body, /"bytesBase64Encoded"/);
    assert.match(body, /"aspectRatio":"9:16"/);
    assert.match(body, /"durationSeconds":4\b/);
    const value = await project.valueOf(key);
    assert.equal(value.imageUrl, imageUrl);
    assert.match(value.videoUrl, /\.mp4$/);
  });

  await test.step("a run that ends first hands the operation to the next", async () => {
    project.simulator.reset();
    project.simulator.script({ match: { kind: "poll" }, preset: "pending" });
    const id = await project.send("video", { storyboardId: project.storyboard(), prompt: "Slow" });
    const first = await project.run("video", { budgetSeconds: 1 });
    assert.equal(first.status, 207);
    assert.equal(first.report.waiting, 1);
    const waiting = await project.job(id);
    assert.equal(waiting.status, "waiting");
    assert.equal(waiting.attempts, 0);
    assert.ok(waiting.operation);
    await project.makeVisible("video");
    assert.equal((await project.run("video")).report.succeeded, 1);
    assert.deepEqual((await project.job(id)).operation, waiting.operation);
    assert.equal(project.simulator.accepted("video"), 1, "paid for once");
  });

  await test.step("a download that moved elsewhere is followed", async () => {
    project.simulator.script({ match: { kind: "download" }, preset: "redirect" });
    const id = await project.send("video", { storyboardId: project.storyboard(), prompt: "Moved" });
    assert.equal((await project.run("video")).report.succeeded, 1);
    assert.ok(isMp4((await object((await project.job(id)).asset_url!)).bytes));
  });

  await test.step("a retired Veo leaves the job to Omni", async () => {
    project.simulator.reset();
    project.simulator.script({ match: { path: ":predictLongRunning" }, preset: "retired" });
    const board = project.storyboard();
    await project.send("image", { storyboardId: board, sceneId: "s", prompt: "A lake" });
    await project.run("image");
    const id = await project.send("video", {
      storyboardId: board,
      sceneId: "s",
      prompt: "slow push-in",
      sourceImageUrl: project.publicUrl("storyboard-images", `${board}/s.png`),
    });
    assert.equal((await project.run("video")).report.succeeded, 1);
    const job = await project.job(id);
    assert.equal(job.model, "gemini-omni-1.1-flash");
    assert.ok(isMp4((await object(job.asset_url!)).bytes));
    const logs = project.stack.functionLogs("process-video-generation").join("\n");
    assert.match(logs, /veo-3\.1-fast-generate-preview is passed over/);
  });
});
