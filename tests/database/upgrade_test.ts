/** That a project migrates while its workers work: from every version that was ever released. */

import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { type Migration, migrations } from "../../local/database/migrate.ts";
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

/** The last migration of the first version; each later file made another one. */
const FIRST_VERSION = "20261124001800_grants.sql";

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

/** Everything that there is, in the columns that there were. */
async function everything(session: Sql, columns: string[]): Promise<unknown> {
  const tables = ["public.generation_jobs", "public.kv_store_7ee7668a"];
  for (const kind of ["image", "video"]) {
    tables.push(`pgmq.q_${kind}_generation_queue`, `pgmq.a_${kind}_generation_queue`);
  }
  const rows = await Promise.all(tables.map((table) =>
    session.unsafe(
      `
      select (select jsonb_object_agg(key, value) from jsonb_each(to_jsonb(t)) where key = any ($1)) as row
      from ${table} as t order by to_jsonb(t)::text`,
      [columns],
    )
  ));
  return rows.map((table) => table.map(({ row }) => row));
}

async function columnsOf(session: Sql): Promise<string[]> {
  const rows = await session`
    select distinct attname::text as name from pg_attribute
    where attnum > 0 and attrelid::regclass::text ~ '(generation_jobs|kv_store|_queue)'`;
  return rows.map(({ name }) => name);
}

async function apply(session: Sql, files: Migration[]): Promise<void> {
  for (const { sql } of files) await session.unsafe(sql);
}

const all = await migrations();
const first = all.findIndex(({ name }) => name === FIRST_VERSION) + 1;

Deno.test("migrating while jobs are in flight", async (t) => {
  assert.ok(first > 0);
  const server = await startPostgres({ major: 15 });
  try {
    for (let version = first; version <= all.length; version++) {
      await t.step(`from ${all[version - 1].name}`, async () => {
        const { url } = await server.createDatabase({ pgmq: { extension: "1.5.1" } });
        const session = connect(url);
        await apply(session, all.slice(0, version));
        const jobs = await fill(session);
        const columns = await columnsOf(session);
        const before = await everything(session, columns);

        await apply(session, all.slice(version));
        assert.deepEqual(await everything(session, columns), before);
        await apply(session, all); // as somebody who runs the whole folder again
        assert.deepEqual(await everything(session, columns), before);

        await workGoesOn(session, jobs);
        await everyJobEnds(session, jobs);
        await session.end();
      });
    }
  } finally {
    await server.close();
  }
});

/** The worker of the old version goes on as if nothing had happened. */
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

  await session`update public.generation_jobs set updated_at = updated_at - interval '1 hour'`;
  for (const { job_id, publications } of await unpublished(session, QUEUE)) {
    assert.deepEqual(await confirm(session, job_id, publications), []);
  }
  const rows = await session`
    select status, count(*)::int, bool_or(publication_pending) as pending
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
