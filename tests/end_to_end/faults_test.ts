import assert from "node:assert/strict";
import { type Kind, object, withTestProject } from "../support/test_project.ts";

/** Messages that are no job, each with the field that its error has to name. */
const INVALID: [Kind, unknown, string][] = [
  ["image", null, "message"],
  ["image", { storyboardId: "../b", prompt: "p" }, "storyboardId"],
  ["image", { storyboardId: "b", prompt: "x".repeat(200 * 1024) }, "prompt"],
  ["image", { storyboardId: "b", prompt: "p", editMode: true }, "sourceImageUrl"],
  ["video", {}, "prompt"],
  ["video", { storyboardId: "b", prompt: "p", durationSeconds: "2" }, "durationSeconds"],
];

withTestProject("faults", async (project, test) => {
  await test.step("an invalid message fails by field name and does not hold up other jobs", async () => {
    project.simulator.reset();
    const bad: [string, string][] = [];
    for (const [kind, message, field] of INVALID) {
      bad.push([await project.send(kind, message), field]);
    }
    const board = project.storyboard();
    const good = await project.send("image", { storyboardId: board, prompt: "Good", extra: [1] });
    const images = (await project.run("image")).report;
    const videos = (await project.run("video")).report;
    assert.equal(images.succeeded, 1);
    assert.equal(images.failed + videos.failed, INVALID.length);
    for (const [id, field] of bad) {
      const job = await project.job(id);
      assert.equal(job.status, "failed");
      assert.equal(job.error_code, "invalid_message");
      assert.ok(job.error_message!.includes(`${field}: expected `), job.error_message!);
    }
    assert.equal((await project.job(good)).status, "succeeded");
    assert.equal(project.simulator.requests.length, 1, "only the good one reached the provider");
    assert.equal((await project.messages("image")).queued, 0);
    assert.equal((await project.messages("video")).queued, 0);
  });

  await test.step("quota is waited for, as long as the service says", async () => {
    project.simulator.script({ match: { kind: "image" }, preset: "quota", retryDelay: "34.4s" });
    const id = await project.send("image", { storyboardId: project.storyboard(), prompt: "Quota" });
    const { status, report } = await project.run("image");
    assert.equal(status, 207);
    assert.equal(report.waiting, 1);
    const wait = report.jobs[0].retryInSeconds!;
    assert.ok(wait > 35 && wait <= 44, `34.4 s, rounded up, and up to a quarter more: ${wait}`);
    const job = await project.job(id);
    assert.equal(job.attempts, 0);
    assert.equal(job.error_code, "quota_exhausted");
    await project.makeVisible("image");
    assert.equal((await project.run("image")).report.succeeded, 1);
    assert.equal((await project.job(id)).error_code, null);
  });

  await test.step("an entity that is not there is said, and the asset stays", async () => {
    const board = project.storyboard();
    const id = await project.send("image", { storyboardId: board, sceneId: "gone", prompt: "p" });
    assert.equal((await project.run("image")).status, 200);
    await object((await project.job(id)).asset_url!);
    const logs = project.stack.functionLogs("process-image-generation");
    const line = logs.find((line) => line.includes("Entity not found"));
    assert.equal(JSON.parse(line!).jobId, id, "one JSON object a line");
  });

  await test.step("an entity that cannot be updated is said, and the asset is not made again", async () => {
    const board = project.storyboard();
    const key = await project.entity(`scene:${board}:s`, "not an object");
    const id = await project.send("image", { storyboardId: board, sceneId: "s", prompt: "Once" });
    project.simulator.reset();
    assert.equal((await project.run("image")).report.retrying, 1);
    assert.equal((await project.job(id)).error_code, "entity_update_failed");
    const logs = project.stack.functionLogs("process-image-generation").join("\n");
    assert.match(logs, /Error updating entity/);
    await project.stack.sql("update public.kv_store_7ee7668a set value = '{}' where key = $1", [
      key,
    ]);
    await project.makeVisible("image");
    assert.equal((await project.run("image")).report.succeeded, 1);
    assert.equal((await project.valueOf(key)).imageUrl, (await project.job(id)).asset_url);
    assert.equal(project.simulator.accepted("image"), 1);
  });
});
