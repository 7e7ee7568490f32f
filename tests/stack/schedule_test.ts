/** The schedule on the local stack: the SQL of a hosted project over stand-ins of its extensions. */
import { deepEqual, equal, ok } from "node:assert/strict";
import pg from "pg";
import { isDue } from "../../local/stack/schedule/cron.ts";
import { type Stack, type StackOptions, startStack } from "../../local/stack/mod.ts";
import { eventually } from "../support/eventually.ts";
import { functionsOf, projectWith, smallStack } from "./support.ts";

/** A function that claims one message of its queue and reports how it was called. */
function worker(queue: string): string {
  return `export default {
    async fetch(request) {
      const { default: key } = JSON.parse(Deno.env.get("SUPABASE_SECRET_KEYS"));
      await fetch(Deno.env.get("SUPABASE_URL") + "/rest/v1/rpc/claim_generation_jobs", {
        method: "POST",
        headers: { apikey: key, "content-type": "application/json" },
        body: JSON.stringify({ queue_name: "${queue}", lease_seconds: 600, quantity: 1 }),
      }).then((response) => response.text());
      await fetch(Deno.env.get("REPORT_TO"), {
        method: "POST",
        body: JSON.stringify({
          queue: "${queue}",
          method: request.method,
          prefer: request.headers.get("prefer"),
          apikey: request.headers.get("apikey") === key,
          bearer: request.headers.get("authorization") === "Bearer " + key,
        }),
      }).then((response) => response.text());
      return Response.json({}, { status: 202 });
    },
  };`;
}

/** A function that is not configured. */
const BROKEN = `export default {
  async fetch() {
    await fetch(Deno.env.get("REPORT_TO"), { method: "POST", body: "{}" }).then((r) => r.text());
    return new Response("no", { status: 503 });
  },
};`;

interface Watched {
  stack: Stack;
  /** Waits for that many calls since the start, and returns their reports. */
  calls(count: number): Promise<unknown[]>;
}

/** Runs a test on a stack with the given functions, whose schedule runs once an hour. */
async function watched(
  functions: Record<string, string>,
  options: StackOptions,
  test: (watched: Watched) => Promise<void>,
): Promise<void> {
  const said: unknown[] = [];
  let told = Promise.withResolvers<void>();
  const reports = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (r) => {
    said.push(await r.json());
    told.resolve();
    return new Response();
  });
  const project = await projectWith(functions);
  const stack = await startStack({
    functionsRoot: functionsOf(project),
    env: { REPORT_TO: `http://127.0.0.1:${reports.addr.port}` },
    tick: true,
    tickSeconds: 3600,
    ...options,
  });
  try {
    const calls = async (count: number) => {
      while (said.length < count) {
        await told.promise;
        told = Promise.withResolvers();
      }
      return said;
    };
    await test({ stack, calls });
  } finally {
    await stack.close();
    await reports.shutdown();
    await Deno.remove(project, { recursive: true });
  }
}

const IMAGES = { "process-image-generation": worker("image_generation_queue") };

Deno.test("sending a message calls its function at once, as on a hosted project", () =>
  watched(
    { ...IMAGES, "process-video-generation": worker("video_generation_queue") },
    {},
    async ({ stack, calls }) => {
      await stack.sql("select pgmq.send('video_generation_queue', '{}', 3600)");
      await stack.sql("select pgmq.send('image_generation_queue', '{}')");
      deepEqual(await calls(1), [{
        queue: "image_generation_queue",
        method: "POST",
        prefer: "respond-async",
        apikey: true,
        bearer: true,
      }]);
    },
  ));

Deno.test("the schedule finds a message that becomes visible later", () =>
  watched(IMAGES, { tickSeconds: 1 }, async ({ stack, calls }) => {
    await stack.sql("select pgmq.send('image_generation_queue', '{}', 1)");
    await calls(1);
    const [{ missing, last_runs: runs }] = await stack.sql<
      { missing: unknown[]; last_runs: { status: string }[] }
    >("select * from generation_schedule() where queue = 'image_generation_queue'");
    deepEqual(missing, []);
    ok(runs.some(({ status }) => status === "succeeded"));
  }));

Deno.test("the commit of a PostgreSQL client calls workers, and the client gets no notification", () =>
  watched(IMAGES, {}, async ({ stack, calls }) => {
    const client = new pg.Client(stack.databaseUrl);
    const heard: string[] = [];
    client.on("notification", ({ channel }: { channel: string }) => heard.push(channel));
    await client.connect();
    try {
      await client.query("begin");
      await client.query("select pgmq.send('image_generation_queue', '{}')");
      await client.query("rollback");
      const [before] = await stack.sql<{ n: number }>(
        "select count(*)::int as n from net.http_request_queue",
      );
      equal(before.n, 0, "a rolled back message calls no worker");

      await client.query("listen mine");
      await client.query("begin");
      await client.query("select pgmq.send('image_generation_queue', '{}')");
      await client.query("notify mine");
      await client.query("commit");
      equal((await calls(1)).length, 1);
      deepEqual(heard, ["mine"]);
    } finally {
      await client.end();
    }
  }));

Deno.test("a failing function is logged once, and its responses are kept", async () => {
  const told: string[] = [];
  await watched(
    { "process-image-generation": BROKEN, "process-video-generation": BROKEN },
    { log: (line) => line.startsWith("schedule:") && told.push(line) },
    async ({ stack, calls }) => {
      await stack.sql("update generation_worker_settings set debounce_seconds = 0");
      for (const queue of ["image_generation_queue", "video_generation_queue"]) {
        for (let n = 0; n < 3; n++) await stack.sql("select pgmq.send($1, '{}')", [queue]);
      }
      await calls(9); // the n-th of three videos asks for n workers, the images for one each
      const replies = await eventually("nine replies", async () => {
        const rows = await stack.sql("select status_code, content from net._http_response");
        return rows.length >= 9 && rows;
      });
      // On a slow machine the schedule may have called once more.
      for (const reply of replies) deepEqual(reply, { status_code: 503, content: "no" });
    },
  );
  deepEqual(told.sort(), [
    "schedule: process-image-generation answered 503 no",
    "schedule: process-video-generation answered 503 no",
  ]);
});

Deno.test("a stack without `tick` has no schedule", async () => {
  const stack = await smallStack();
  try {
    await stack.sql("select pgmq.send('image_generation_queue', '{}')");
    const rows = await stack.sql<{ installed: boolean; missing: unknown[] }>(
      "select * from generation_schedule()",
    );
    deepEqual(rows.map(({ installed }) => installed), [false, false]);
    const [{ calls }] = await stack.sql<{ calls: number }>(
      "select count(*)::int as calls from generation_private.worker_calls",
    );
    equal(calls, 0);
  } finally {
    await stack.close();
  }
});

Deno.test("the stand-in for pg_cron knows when a job is due", () => {
  const at = (time: string) => new Date(`2026-11-25T${time}Z`);
  ok(isDue("10 seconds", at("10:00:00"), undefined));
  ok(!isDue("10 seconds", at("10:00:09"), at("10:00:00")));
  ok(isDue("10 seconds", at("10:00:10"), at("10:00:00")));
  ok(isDue("* * * * *", at("10:01:00"), at("10:00:59")));
  ok(!isDue("* * * * *", at("10:01:59"), at("10:01:00")));
  ok(isDue("*/5 * * * *", at("10:05:07"), undefined));
  ok(!isDue("*/5 * * * *", at("10:06:07"), undefined));
  ok(isDue("17 * * * *", at("10:17:00"), at("09:17:00")));
  ok(!isDue("17 3 * * *", at("10:17:00"), undefined));
  ok(isDue("0 0 25 11 3", at("00:00:00"), undefined));
  ok(!isDue("0 0 25 12 *", at("00:00:00"), undefined));
  ok(!isDue("no schedule", at("00:00:00"), undefined));
});
