import assert from "node:assert/strict";
import { withTestProject } from "../support/test_project.ts";

withTestProject("the HTTP face", async (project, test) => {
  await test.step("health tells the models and no secret", async () => {
    const response = await project.call("image", { method: "GET", headers: {} });
    assert.equal(response.status, 200);
    const health = await response.json();
    assert.equal(health.status, "ok");
    assert.equal(health.name, "process-image-generation");
    assert.equal(health.queue, "image_generation_queue");
    assert.deepEqual(health.models, ["gemini-2.5-flash-image", "gemini-3.1-flash-image"]);
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
      bearer(""),
      bearer("wrong"),
      bearer("undefined"),
      bearer(publishableKey),
      { apikey: publishableKey },
      bearer(secretKey.slice(0, -1)),
      bearer(`${secretKey}x`),
      bearer(secretKey.toUpperCase()),
      bearer(`${secretKey} ${secretKey}`),
      bearer(`${secretKey}, Bearer ${secretKey}`),
      { authorization: secretKey },
      { authorization: `Basic ${btoa(`:${secretKey}`)}` },
      { authorization: `Token ${secretKey}` },
      { apikey: `Bearer ${secretKey}` },
      { "x-api-key": secretKey },
      { cookie: `apikey=${secretKey}` },
      bearer(`${secretKey}\xe9`),
      bearer("x".repeat(10_000)),
      bearer(jwt({ alg: "none" }, { role: "service_role" })),
      bearer(jwt({ alg: "HS256" }, { role: "service_role", exp: 4_000_000_000 })),
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
    // Too much for any server: it may also hang up.
    const huge = await project.call("image", { headers: bearer("x".repeat(1_000_000)) })
      .catch(() => undefined);
    assert.ok(!huge?.ok);
    await huge?.body?.cancel();
    const inUrl = await fetch(
      `${project.stack.url}/functions/v1/process-image-generation?apikey=${secretKey}`,
      { method: "POST" },
    );
    assert.equal(inUrl.status, 401);
    await inUrl.body?.cancel();
    for (const value of [`${secretKey}\0`, `\0${secretKey}`, `${secretKey}\0${secretKey}`]) {
      assert.match(await rawPost(project.stack.url, `apikey: ${value}`), /^HTTP\/1\.1 400 /);
    }

    const [message] = await project.stack.sql<{ read_ct: number }>(
      "select read_ct from pgmq.q_image_generation_queue",
    );
    assert.equal(message.read_ct, 0, "nothing was claimed");
    assert.deepEqual([(await project.job(id)).status, (await project.job(id)).attempts], [
      "queued",
      0,
    ]);
    assert.equal(project.simulator.requests.length, 0);
    assert.deepEqual(project.stack.functionLogs("process-image-generation"), []);
    await project.stack.sql("select public.cancel_generation_job($1)", [id]);
  });

  await test.step("the key is taken from either header, in every form that clients use", async () => {
    for (
      const headers of [
        bearer(secretKey),
        { authorization: `bearer ${secretKey}` },
        { authorization: `BEARER \t ${secretKey}` },
        { apikey: secretKey },
        { apikey: publishableKey, ...bearer(secretKey) },
        { apikey: secretKey, ...bearer(publishableKey) },
      ] as Record<string, string>[]
    ) {
      const response = await project.call("video", { headers });
      assert.equal(response.status, 200, await response.text());
    }
  });

  await test.step("a browser may ask first", async () => {
    const response = await project.call("image", { method: "OPTIONS", headers: {} });
    assert.equal(response.status, 204);
    assert.ok(response.headers.get("access-control-allow-origin"));
  });

  await test.step("other methods and bad bodies are told apart", async () => {
    const method = await project.call("image", { method: "DELETE" });
    assert.equal(method.status, 405);
    assert.match(method.headers.get("allow") ?? "", /POST/);
    await method.body?.cancel();
    const body = await project.call("image", { body: JSON.stringify({ maxJobs: "many" }) });
    assert.equal(body.status, 400);
    assert.match((await body.json()).detail, /maxJobs/);
  });

  await test.step("an empty queue is a short run", async () => {
    const { status, report } = await project.run("image");
    assert.equal(status, 200);
    assert.deepEqual([report.claimed, report.stopped], [0, "empty"]);
  });

  await test.step("a run that is to take nothing takes nothing", async () => {
    const id = await project.send("image", { storyboardId: project.storyboard(), prompt: "Stays" });
    const { status, report } = await project.run("image", { maxJobs: 0 });
    assert.equal(status, 200);
    assert.deepEqual([report.claimed, report.stopped, report.jobs], [0, "max_jobs", []]);
    const [message] = await project.stack.sql<{ read_ct: number }>(
      "select read_ct from pgmq.q_image_generation_queue",
    );
    assert.equal(message.read_ct, 0);
    await project.stack.sql("select public.cancel_generation_job($1)", [id]);
    const full = (await project.run("image", { maxJobs: 1 })).report;
    assert.deepEqual(Object.keys(report), Object.keys(full), "the report of any run");
  });

  await test.step("the provider is asked about key and models, for who has a key", async () => {
    project.simulator.reset();
    project.simulator.script({
      match: { model: "veo-3.1-fast-generate-preview" },
      preset: "retired",
    });
    const address = `${project.stack.url}/functions/v1/process-video-generation?check=provider`;
    const refused = await fetch(address, { headers: bearer(publishableKey) });
    assert.equal(refused.status, 401);
    await refused.body?.cancel();
    assert.equal(project.simulator.requests.length, 0);
    const response = await fetch(address, { headers: bearer(secretKey) });
    assert.equal(response.status, 200);
    const { provider } = await response.json();
    assert.deepEqual(provider.models.map(({ state }: { state: string }) => state), [
      "gone",
      "alive",
    ]);
    project.simulator.reset();
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
    const deadline = Date.now() + 20_000;
    while ((await project.job(id)).status !== "succeeded") {
      assert.ok(Date.now() < deadline, "the run did not go on");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
});

/** A JWT that was not signed with this project's secret. */
function jwt(header: unknown, claims: unknown): string {
  const part = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");
  return `${part(header)}.${part(claims)}.${crypto.randomUUID()}`;
}

/** The beginning of the answer to a request with a header as no client would send it. */
async function rawPost(url: string, header: string): Promise<string> {
  const { hostname, port, host } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const head = `POST /functions/v1/process-image-generation HTTP/1.1\r\nHost: ${host}\r\n` +
    `Content-Length: 0\r\n${header}\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head));
  const answer = new Uint8Array(4096);
  const length = await connection.read(answer);
  return new TextDecoder().decode(answer.subarray(0, length ?? 0));
}
