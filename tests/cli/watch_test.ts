/** `watch` of projects that have many changes or cannot be reached, and `status` of a stopped one. */
import { deepEqual, equal } from "node:assert/strict";
import { Api } from "../../cli/api.ts";
import { JobFeed } from "../../cli/feed.ts";
import { environmentFor, jobId, run } from "./support.ts";

type Row = Record<string, unknown>;

/** The default `max_rows` of a project. */
const MAX_ROWS = 1000;

/** A Data API with these rows, answered as PostgREST does, and nothing on the queues. */
function projectOf(tables: Record<string, Row[]>, mostRows = MAX_ROWS) {
  return (request: Request): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url);
    const name = pathname.split("/").at(-1)!;
    if (name === "generation_metrics") {
      const nothing = { queued: 0, running: 0, waiting: 0, failed: 0 };
      return Promise.resolve(Response.json([{ queue: "image_generation_queue", ...nothing }]));
    }
    if (name === "generation_recent_costs") return Promise.resolve(Response.json({ days: [] }));
    const since = searchParams.get("updated_at")?.replace("gte.", "") ?? "";
    const rows = (tables[name] ?? []).filter(({ updated_at }) => `${updated_at ?? ""}` >= since);
    if (searchParams.get("order") === "updated_at.desc") rows.reverse();
    const offset = Number(searchParams.get("offset") ?? 0);
    const limit = Math.min(Number(searchParams.get("limit") ?? mostRows), mostRows);
    return Promise.resolve(Response.json(rows.slice(offset, offset + limit)));
  };
}

const environment = environmentFor("http://project");

/** Jobs of which one changes each millisecond. */
function jobs(quantity: number, from: string): Row[] {
  return Array.from({ length: quantity }, (_, n) => ({
    id: jobId(n),
    kind: "image",
    status: "cancelled",
    attempts: 0,
    error_code: null,
    updated_at: new Date(Date.parse(from) + n).toISOString(),
  }));
}

Deno.test("a watch does not begin with earlier changes, however many", async () => {
  const ledger = jobs(2500, "2026-01-31T12:00:00Z");
  const { code, out } = await run(["watch", "--until-empty"], environment, {
    fetch: projectOf({ generation_jobs: ledger }),
  });
  equal(code, 0);
  equal(out.filter((line) => line.includes("cancelled")).length, 0);
});

Deno.test("a watch does not begin with earlier changes if its first requests fail", async () => {
  const project = projectOf({ generation_jobs: jobs(3, "2026-01-31T12:00:00Z") });
  let failures = 2;
  const { code, out, slept } = await run(["watch", "--until-empty"], environment, {
    fetch: (request) => failures-- > 0 ? Promise.reject(new Error("down")) : project(request),
  });
  deepEqual([code, slept], [0, 2]);
  equal(out.filter((line) => line.includes("cancelled")).length, 0);
});

Deno.test("a watch ends when its pipe is closed", async () => {
  const reads = { closed: () => true, fetch: projectOf({}) };
  equal((await run(["watch"], environment, reads)).code, 0);
});

for (const mostRows of [MAX_ROWS, 400]) {
  Deno.test(`a watch until the queues are empty reports every change, of which ${mostRows} are answered at once`, async () => {
    const ledger = jobs(1, "2026-01-31T12:00:00Z");
    const project = projectOf({ generation_jobs: ledger }, mostRows);
    let looks = 0;
    const { out } = await run(["watch", "--until-empty"], environment, {
      fetch: (request) => {
        const isLook = request.url.endsWith("generation_metrics");
        if (isLook && ++looks === 1) ledger.push(...jobs(2501, "2026-01-31T12:00:01Z").slice(1));
        return project(request);
      },
    });
    equal(out.filter((line) => line.includes("cancelled")).length, 2500);
  });
}

Deno.test("a feed reports a change once, and forgets jobs that no answer contains any more", async () => {
  const ledger = jobs(1, "2026-01-31T12:00:00Z");
  const feed = await JobFeed.begin(
    new Api("http://project", "key", projectOf({ generation_jobs: ledger }), "test"),
  );
  const [, old, ...others] = jobs(502, "2026-01-31T12:00:01Z");
  /** When the feed took `old` after these changes; undefined when it shows it no more. */
  const taken = async (...changes: Row[]) => {
    ledger.push(...changes);
    while (await feed.read());
    return feed.jobs.find(({ id }) => id === old.id)?.updated_at;
  };
  equal(await taken(old), old.updated_at);
  const at = (updated_at: string) => ({ ...old, updated_at });
  equal(await taken(at("2026-01-31T12:00:02.000Z")), old.updated_at, "nothing new");
  await taken(...others);
  equal(await taken({ ...others[0], updated_at: "2026-01-31T12:10:00.000Z" }), undefined);
  equal(
    await taken(at("2026-01-31T12:20:00.000Z")),
    "2026-01-31T12:20:00.000Z",
    "it was forgotten",
  );
});

/** A project of these jobs, each done when it is asked for again; it answers at most `most` rows at once. */
function projectOfMany(ids: string[], most: number, asked: string[]) {
  const done = new Set<string>();
  return (request: Request): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url);
    const name = pathname.split("/").at(-1)!;
    asked.push(name);
    const named: string[] = searchParams.get("id")?.match(/[0-9a-f-]{36}/g) ?? [];
    if (name === "generation_jobs") {
      const rows = named.filter((id) => ids.includes(id)).slice(0, most).map((id) => {
        const status = done.has(id) ? "succeeded" : "queued";
        done.add(id);
        return { id, kind: "image", status, attempts: 0, error_code: null, updated_at: "" };
      });
      return Promise.resolve(Response.json(rows));
    }
    if (name === "generation_standing") {
      const rest = { rests_until: null, code: "quota_exhausted", reason: "no more today" };
      return Promise.resolve(Response.json([{ model: "m", state: "resting", ...rest }]));
    }
    return Promise.resolve(Response.json([{ job_id: ids[0], waits_for: "m" }]));
  };
}

Deno.test("many jobs are watched with a request for each hundred, and say what they wait for", async () => {
  const ids = Array.from({ length: 250 }, (_, n) => jobId(n));
  const asked: string[] = [];
  const fetch = projectOfMany(ids, MAX_ROWS, asked);
  const { code, out } = await run(["watch", ...ids, ids[0].toUpperCase()], environment, { fetch });
  equal(code, 0);
  equal(asked.filter((name) => name === "generation_jobs").length, 6);
  equal(out.filter((line) => line.includes("succeeded")).length, 250);
  equal(out.filter((line) => /queued, waits for m: quota_exhausted: no more/.test(line)).length, 1);
});

Deno.test("many jobs are watched although the project answers few rows, and a missing one is named", async () => {
  const ids = Array.from({ length: 25 }, (_, n) => jobId(n));
  const watch = (...words: string[]) =>
    run(["watch", ...words], environment, { fetch: projectOfMany(ids, 7, []) });
  equal((await watch(...ids)).code, 0);
  const { code, err } = await watch(...ids, jobId(99));
  equal(code, 1);
  equal(
    err.some((line) => line.includes(`lost sight of the jobs: there is no job ${jobId(99)}`)),
    true,
  );
});

Deno.test("status reports that no worker is called", async () => {
  const queue = "image_generation_queue";
  const schedule = { queue, installed: true, schedule: "10 seconds", missing: [] };
  const status = async (most_workers: number) => {
    const fetch = projectOf({
      generation_schedule: [{ ...schedule, last_runs: [], last_calls: [] }],
      generation_worker_settings: [{ queue, most_workers }],
    });
    return (await run(["status"], environment, { fetch })).out.at(-1);
  };
  equal(await status(4), "schedule  images: 10 seconds, no call needed yet");
  equal(await status(0), "schedule  images: stopped: no worker is called while most_workers is 0");
});
