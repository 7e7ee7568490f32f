import { deepEqual, equal } from "node:assert/strict";
import { startStack } from "../../local/stack/mod.ts";
import { functionsOf, projectWith } from "./support.ts";

/** A worker that takes one message off its queue and says how it was called. */
function worker(queue: string): string {
  return `export default {
    async fetch(request) {
      const { default: key } = JSON.parse(Deno.env.get("SUPABASE_SECRET_KEYS"));
      console.log(JSON.stringify({
        method: request.method,
        prefer: request.headers.get("prefer"),
        allowed: request.headers.get("apikey") === key,
      }));
      await fetch(Deno.env.get("SUPABASE_URL") + "/rest/v1/rpc/claim_generation_jobs", {
        method: "POST",
        headers: { apikey: key, "content-type": "application/json" },
        body: JSON.stringify({ queue: "${queue}", lease_seconds: 600, quantity: 1 }),
      }).then((response) => response.text());
      called();
      return Response.json({}, { status: 202 });
    },
  };
  function called() { void fetch(Deno.env.get("REPORT_TO")).then((reply) => reply.text()); }`;
}

Deno.test("functions are called when their queue has a visible message, and only then", async () => {
  const called = Promise.withResolvers<void>();
  const reports = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    called.resolve();
    return new Response();
  });
  const project = await projectWith({
    "process-image-generation": worker("image_generation_queue"),
    "process-video-generation": worker("video_generation_queue"),
  });
  const stack = await startStack({
    functionsRoot: functionsOf(project),
    env: { REPORT_TO: `http://127.0.0.1:${reports.addr.port}` },
    sqlPort: false,
    tick: true,
    tickSeconds: 0.02,
  });
  try {
    await stack.sql("select pgmq.send('video_generation_queue', $1, 3600)", [{ later: true }]);
    await stack.sql("select pgmq.send('image_generation_queue', $1)", [{ storyboardId: "tick" }]);
    await called.promise;
  } finally {
    await stack.close();
    await reports.shutdown();
    await Deno.remove(project, { recursive: true });
  }
  const calls = stack.functionLogs("process-image-generation").map((line) => JSON.parse(line));
  deepEqual(calls[0], { method: "POST", prefer: "respond-async", allowed: true });
  equal(calls.length, 1);
  deepEqual(stack.functionLogs("process-video-generation"), []);
});

Deno.test("trouble with two functions is told once for each", async () => {
  const calls = new Map<string, number>();
  const calledOften = Promise.withResolvers<void>();
  const reports = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    calls.set(pathname, (calls.get(pathname) ?? 0) + 1);
    if (calls.size === 2 && [...calls.values()].every((n) => n >= 3)) calledOften.resolve();
    return new Response();
  });
  const failing = (name: string) =>
    `export default {
      async fetch() {
        await fetch(Deno.env.get("REPORT_TO") + "/${name}").then((reply) => reply.text());
        return new Response("no", { status: 503 });
      },
    };`;
  const project = await projectWith({
    "process-image-generation": failing("image"),
    "process-video-generation": failing("video"),
  });
  const told: string[] = [];
  const stack = await startStack({
    functionsRoot: functionsOf(project),
    env: { REPORT_TO: `http://127.0.0.1:${reports.addr.port}` },
    sqlPort: false,
    tick: true,
    tickSeconds: 0.02,
    log: (line) => line.startsWith("tick:") && told.push(line),
  });
  try {
    await stack.sql("select pgmq.send('image_generation_queue', '{}')");
    await stack.sql("select pgmq.send('video_generation_queue', '{}')");
    await calledOften.promise;
  } finally {
    await stack.close();
    await reports.shutdown();
    await Deno.remove(project, { recursive: true });
  }
  deepEqual(told, [
    "tick: process-image-generation answered 503 no",
    "tick: process-video-generation answered 503 no",
  ]);
});
