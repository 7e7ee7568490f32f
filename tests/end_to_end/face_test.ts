import assert from "node:assert/strict";
import { onEach } from "./studio.ts";

onEach("the HTTP face", async (studio, test) => {
  await test.step("health tells the models and no secret", async () => {
    const response = await studio.call("image", { method: "GET", headers: {} });
    assert.equal(response.status, 200);
    const health = await response.json();
    assert.equal(health.status, "ok");
    assert.equal(health.name, "process-image-generation");
    assert.equal(health.queue, "image_generation_queue");
    assert.deepEqual(health.models, ["gemini-2.5-flash-image", "gemini-3.1-flash-image"]);
    assert.match(health.version, /^\d+\.\d+\.\d+$/);
    assert.ok(!JSON.stringify(health).includes(studio.simulator.apiKey));
  });

  await test.step("who has no key is refused before anything else", async () => {
    for (
      const headers of [
        {},
        { authorization: "Bearer wrong" },
        { authorization: `Bearer ${studio.stack.publishableKey}` },
        { apikey: studio.stack.publishableKey },
      ] as Record<string, string>[]
    ) {
      const response = await studio.call("image", { headers });
      assert.equal(response.status, 401);
      assert.equal(response.headers.get("content-type"), "application/problem+json");
      assert.equal((await response.json()).status, 401);
    }
  });

  await test.step("the key is taken from either header", async () => {
    for (
      const headers of [
        { authorization: `Bearer ${studio.stack.secretKey}` },
        { apikey: studio.stack.secretKey },
      ] as Record<string, string>[]
    ) {
      const response = await studio.call("video", { headers });
      assert.equal(response.status, 200, await response.text());
    }
  });

  await test.step("a browser may ask first", async () => {
    const response = await studio.call("image", { method: "OPTIONS", headers: {} });
    assert.equal(response.status, 204);
    assert.ok(response.headers.get("access-control-allow-origin"));
  });

  await test.step("other methods and bad bodies are told apart", async () => {
    const method = await studio.call("image", { method: "DELETE" });
    assert.equal(method.status, 405);
    assert.match(method.headers.get("allow") ?? "", /POST/);
    await method.body?.cancel();
    const body = await studio.call("image", { body: JSON.stringify({ maxJobs: "many" }) });
    assert.equal(body.status, 400);
    assert.match((await body.json()).detail, /maxJobs/);
  });

  await test.step("an empty queue is a short run", async () => {
    const { status, report } = await studio.run("image");
    assert.equal(status, 200);
    assert.deepEqual([report.claimed, report.stopped], [0, "empty"]);
  });

  await test.step("a caller that does not wait is answered at once", async () => {
    const board = studio.storyboard();
    const id = await studio.send("image", { storyboardId: board, prompt: "Later" });
    studio.simulator.script({ match: { prompt: "Later" }, delayMs: 300 });
    const response = await studio.call("image", {
      headers: { authorization: `Bearer ${studio.stack.secretKey}`, prefer: "respond-async" },
    });
    assert.equal(response.status, 202);
    assert.equal(response.headers.get("preference-applied"), "respond-async");
    const { status, queue } = await response.json();
    assert.deepEqual([status, queue], ["accepted", "image_generation_queue"]);
    const deadline = Date.now() + 20_000;
    while ((await studio.job(id)).status !== "succeeded") {
      assert.ok(Date.now() < deadline, "the run did not go on");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
});
