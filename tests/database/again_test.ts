/** That the migrations can be applied again while workers work. */

import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { migrate } from "../../local/database/migrate.ts";
import { connect, startPostgres } from "../support/postgres.ts";
import { disagreements } from "./agreement.ts";
import {
  cancel,
  claim,
  type Claimed,
  complete,
  confirm,
  defer,
  extend,
  fail,
  record,
  redrive,
  unpublished,
} from "./calls.ts";

const QUEUE = "video_generation_queue";

/** A job in every state there is, by the name of the state. */
async function fill(session: Sql): Promise<Map<string, Claimed>> {
  await session`insert into public.kv_store_7ee7668a values ('scene:sb:s1', '{}')`;
  await session`
    select pgmq.send(${QUEUE}, jsonb_build_object(
      'storyboardId', 'sb', 'sceneId', 's1', 'prompt', state))
    from unnest(array['succeeded', 'failed', 'cancelled', 'waiting', 'announced', 'deferred',
      'expired', 'running', 'queued']) as state`;
  const claimed = await claim(session, 8, QUEUE);
  const jobs = new Map(claimed.map((job) => [job.prompt, job]));
  await complete(session, jobs.get("succeeded")!);
  await fail(session, jobs.get("failed")!);
  await cancel(session, jobs.get("cancelled")!.job_id);
  await record(session, jobs.get("waiting")!);
  for (const state of ["waiting", "deferred"]) await defer(session, jobs.get(state)!, 3600);
  const { msg_id, lease_token } = jobs.get("announced")!;
  await session`
    select public.begin_generation_submission(${QUEUE}, ${msg_id}, ${lease_token}, 'veo')`;
  await session`
    update pgmq.q_video_generation_queue set vt = clock_timestamp()
    where msg_id = ${jobs.get("expired")!.msg_id}`;
  await session`select pgmq.send(${QUEUE}, '{"storyboardId": "sb", "prompt": "delayed"}', 3600)`;
  return jobs;
}

/** All rows of the ledger, the queues, the archives and the entities. */
async function everything(session: Sql): Promise<unknown> {
  const tables = ["public.generation_jobs", "public.kv_store_7ee7668a"];
  for (const kind of ["image", "video"]) {
    tables.push(`pgmq.q_${kind}_generation_queue`, `pgmq.a_${kind}_generation_queue`);
  }
  const rows = await Promise.all(
    tables.map((table) =>
      session.unsafe(`select to_jsonb(t) as row from ${table} as t order by to_jsonb(t)::text`)
    ),
  );
  return rows.map((table) => table.map(({ row }) => row));
}

for (const [major, version] of [[15, "1.5.1"], [18, "1.11.1"]] as const) {
  Deno.test(`applying the migrations again while jobs are in flight, on PostgreSQL ${major}`, async () => {
    const server = await startPostgres({ major });
    try {
      const { url } = await server.createDatabase({ pgmq: { extension: version } });
      const session = connect(url);
      const run = () => migrate(async (sql) => void (await session.unsafe(sql)));
      await run();
      const jobs = await fill(session);
      const before = await everything(session);
      await run();
      assert.deepEqual(await everything(session), before);
      await workGoesOn(session, jobs);
      await everyJobEnds(session, jobs);
      await session.end();
    } finally {
      await server.close();
    }
  });
}

/** The worker that holds a lease goes on as if nothing had happened. */
async function workGoesOn(session: Sql, jobs: Map<string, Claimed>): Promise<void> {
  const running = jobs.get("running")!;
  assert.equal(await extend(session, running), true);
  assert.equal(await record(session, running), true);
  const done = await complete(session, running);
  assert.deepEqual([done.held, done.entities[0].outcome], [true, "linked"]);
  assert.deepEqual(await complete(session, running), done, "repeated because its answer was lost");
  assert.deepEqual(await confirm(session, running.job_id, done.publications), []);
  for (const state of ["succeeded", "failed", "cancelled", "waiting", "deferred"]) {
    assert.equal(await extend(session, jobs.get(state)!), false, state);
  }
}

async function everyJobEnds(session: Sql, jobs: Map<string, Claimed>): Promise<void> {
  assert.equal(await redrive(session, QUEUE), 1);
  await session`update pgmq.q_video_generation_queue set vt = clock_timestamp()`;
  const claimed = await claim(session, 20, QUEUE);
  assert.deepEqual(
    claimed.map((job) => job.prompt).sort(),
    ["announced", "deferred", "delayed", "expired", "failed", "queued", "waiting"],
  );
  for (const job of claimed) {
    const known = jobs.get(job.prompt);
    if (known) assert.equal(job.job_id, known.job_id, job.prompt);
    if (job.prompt === "announced") assert.equal(await fail(session, job), true);
    else if (job.prompt === "delayed") await cancel(session, job.job_id);
    else assert.equal((await complete(session, job)).held, true, job.prompt);
  }

  await session`update public.generation_publications set due_at = due_at - interval '1 hour'`;
  for (const { job_id, publications } of await unpublished(session, QUEUE)) {
    assert.deepEqual(await confirm(session, job_id, publications), []);
  }
  const rows = await session`
    select status, count(*)::int, bool_or(id in (select job_id from public.generation_publications)) as pending
    from public.generation_jobs group by status order by status`;
  assert.deepEqual(rows.map((row) => ({ ...row })), [
    { status: "cancelled", count: 2, pending: false },
    { status: "failed", count: 1, pending: false },
    { status: "succeeded", count: 7, pending: false },
  ]);
  const [{ url }] = await session`select value ->> 'videoUrl' as url from public.kv_store_7ee7668a`;
  assert.equal(url, "https://x.test/queued-1.png", "the newest one's");
  assert.deepEqual(await disagreements(session), []);
}
