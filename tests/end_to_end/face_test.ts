/** The HTTP interface of the functions, under the Deno that Supabase hosts. */
import assert from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import { withTestProject } from "../support/test_project.ts";

withTestProject("the HTTP interface under Deno 2.1.4", async (project, test) => {
  await test.step("health tells the models and no secret", async () => {
    const response = await project.call("image", { method: "GET", headers: {} });
    assert.equal(response.status, 200);
    const health = await response.json();
    assert.equal(health.status, "ok");
    assert.equal(health.name, "process-image-generation");
    assert.equal(health.queue, "image_generation_queue");
    assert.deepEqual(health.models, [
      "gemini-2.5-flash-image",
      "gemini-nano-banana-2.1",
      "gemini-3.1-flash-image",
    ]);
    assert.match(health.version, /^\d+\.\d+\.\d+$/);
    assert.ok(!JSON.stringify(health).includes(project.simulator.apiKey));
  });

  const { secretKey, publishableKey } = project.stack;
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  await test.step("who has no key is refused, and nothing is touched", async () => {
    const id = await project.send("image", {
      storyboardId: project.storyboard(),
      prompt: "Locked",
    });
    const refused: Record<string, string>[] = [
      {},
      bearer(publishableKey),
      { apikey: publishableKey },
      bearer(`${secretKey}x`),
      { authorization: `Basic ${btoa(`:${secretKey}`)}` },
    ];
    for (const headers of refused) {
      const response = await project.call("image", { headers });
      const what = JSON.stringify(headers).slice(0, 100);
      assert.equal(response.status, 401, what);
      assert.equal(response.headers.get("content-type"), "application/problem+json");
      assert.equal(response.headers.get("www-authenticate"), "Bearer");
      const problem = await response.json();
      assert.deepEqual(Object.keys(problem), ["type", "title", "status", "detail"], what);
      assert.ok(!JSON.stringify(problem).includes(secretKey));
    }
    const [message] = await project.stack.sql<{ read_ct: number }>(
      "select read_ct from pgmq.q_image_generation_queue",
    );
    assert.equal(message.read_ct, 0, "nothing was claimed");
    const { status, attempts } = await project.job(id);
    assert.deepEqual([status, attempts], ["queued", 0]);
    assert.equal(project.simulator.requests.length, 0);
    assert.deepEqual(project.stack.functionLogs("process-image-generation"), []);
    await project.stack.sql("select public.cancel_generation_job($1)", [id]);
  });

  await test.step("the key is taken from either header, as clients send it", async () => {
    for (
      const headers of [
        { authorization: `bearer ${secretKey}` },
        { apikey: secretKey },
        { apikey: publishableKey, ...bearer(secretKey) },
      ] as Record<string, string>[]
    ) {
      const response = await project.call("video", { headers });
      assert.equal(response.status, 200, await response.text());
    }
  });

  await test.step("an empty queue is a short run", async () => {
    const { status, report } = await project.run("image");
    assert.equal(status, 200);
    assert.deepEqual([report.claimed, report.stopped], [0, "empty"]);
  });

  await test.step("a caller that does not wait is answered at once", async () => {
    const board = project.storyboard();
    const id = await project.send("image", { storyboardId: board, prompt: "Later" });
    project.simulator.script({ match: { prompt: "Later" }, delayMs: 300 });
    const response = await project.call("image", {
      headers: { authorization: `Bearer ${project.stack.secretKey}`, prefer: "respond-async" },
    });
    assert.equal(response.status, 202);
    assert.equal(response.headers.get("preference-applied"), "respond-async");
    const { status, queue } = await response.json();
    assert.deepEqual([status, queue], ["accepted", "image_generation_queue"]);
    const done = async () => (await project.job(id)).status === "succeeded";
    await eventually("the end of the run", done);
  });
}, { stack: { denoVersion: "2.1.4" } });
