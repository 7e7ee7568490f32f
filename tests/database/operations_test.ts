/** That the SQL of docs/operations.md runs, and that each of its alerts answers when it should. */

import assert from "node:assert/strict";
import { migrate } from "../../local/database/migrate.ts";
import { openPglite } from "../support/pglite.ts";
import { EXTENSIONS } from "./tap.ts";

const PAGE = await Deno.readTextFile(new URL("../../docs/operations.md", import.meta.url));
const [GUIDE, ALERTS] = PAGE.split("\n## Alerts\n");

/** What goes wrong, by the heading of the alert that has to tell of it. */
const TROUBLE: Record<string, string> = {
  "Jobs wait and no worker takes them": `
    select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
    update pgmq.q_image_generation_queue set vt = clock_timestamp() - interval '6 minutes'`,
  "Messages cannot be claimed": `
    select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
    create function refuse() returns trigger language plpgsql as 'begin raise exception ''no''; end';
    create trigger refuse before update on public.generation_jobs for each row execute function refuse();
    select from public.claim_generation_jobs('image_generation_queue', 30, 1)`,
  "The schedule does not run": `
    insert into cron.job_run_details (jobid, status, return_message, start_time)
    select jobid, 'failed', 'no more connections', clock_timestamp() from cron.job
    where jobname = 'process-video-generation'`,
  "Calls of workers fail": `
    select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
    insert into net._http_response (id, status_code)
    select request_id, 401 from generation_private.worker_calls`,
  "A model is in trouble": `
    select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
    select public.report_generation_trouble(
      'image_generation_queue', msg_id, lease_token, 'gemini-2.5-flash-image', 'refused', 'api_key_invalid', 'leaked')
    from public.claim_generation_jobs('image_generation_queue', 30, 1)`,
  // Among many that were cancelled.
  "Many jobs fail": [
    ...Array(5).fill(ended("image", "failed", { error_code: "no_image" })),
    ...Array(100).fill(ended("image", "cancelled")),
  ].join(";"),
  "A video may have been paid for without a result": ended("video", "failed", {
    error_code: "submission_uncertain",
  }),
  "Workers die": `
    select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
    select from public.claim_generation_jobs('image_generation_queue', 30, 1);
    update pgmq.q_image_generation_queue set vt = clock_timestamp() - interval '6 minutes'`,
  "Videos take too long": `
    select pgmq.send('video_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
    create temporary table lease as select * from public.claim_generation_jobs('video_generation_queue', 600, 1);
    select public.begin_generation_submission('video_generation_queue', msg_id, lease_token, 'veo') from lease;
    select public.record_generation_operation('video_generation_queue', msg_id, lease_token, '{"name": "op"}') from lease;
    select public.defer_generation_job('video_generation_queue', msg_id, lease_token, 10, false, 'operation_running', '')
    from lease;
    update public.generation_jobs set submitted_at = now() - interval '16 minutes'`,
  "Current objects are behind": `
    insert into public.generation_publications (job_id, queue, choice, since)
    select id, queue, 0, now() - interval '31 minutes' from public.generation_jobs where status = 'succeeded' limit 1`,
  "Assets without an entity": ended("image", "succeeded", {
    entities: `[{"slot": "scene", "key": "scene:sb:s1", "outcome": "not_found"}]`,
  }),
  "The ledger misses messages": `
    select pgmq.drop_queue('image_generation_queue');
    select pgmq.create('image_generation_queue');
    select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
    update pgmq.q_image_generation_queue set enqueued_at = now() - interval '2 minutes'`,
  "Webhooks do not arrive": `
    insert into public.generation_jobs (queue, msg_id, status, message, enqueued_at, finished_at)
    values ('image_generation_queue', 1, 'cancelled', '{"webhookUrl": "https://elsewhere.example.com/"}', now(), now());
    insert into public.generation_webhooks (job_id, ended_at, url, event, status, attempts, next_attempt_at, response_status)
    select id, finished_at, 'https://elsewhere.example.com/', '{}', 'failed', 1, null, 410
    from public.generation_jobs where message ? 'webhookUrl'
    on conflict (job_id, ended_at) do update set status = 'failed'`,
  "The costs are too high": ended("video", "succeeded", { cost_usd: "50.01" }),
  "The ledger is not pruned": `
    insert into public.generation_jobs (queue, msg_id, status, message, enqueued_at, finished_at)
    select 'image_generation_queue', n, 'cancelled', '{}', now() - interval '101 days', now() - interval '101 days'
    from generate_series(1, 1001) as n`,
};

/** A job that ended as it says, just now unless it says how long ago. */
function ended(kind: string, status: string, columns: Record<string, string> = {}): string {
  const { finished_at = "1 second", ...others } = columns;
  const names = Object.keys(others);
  return `
    insert into public.generation_jobs (queue, msg_id, status, message, enqueued_at, started_at, finished_at
      ${names.map((name) => `, ${name}`).join("")})
    values ('${kind}_generation_queue', nextval('numbers'), '${status}', '{"storyboardId": "sb"}',
      now() - interval '1 hour', now() - interval '1 hour', now() - interval '${finished_at}'
      ${names.map((name) => `, '${others[name]}'`).join("")})`;
}

/** A project with the schedule installed, in which a few jobs have gone well. */
const WELL = `
  create table storage.objects (bucket_id text, name text, metadata jsonb, created_at timestamptz default now());
  create sequence numbers start 1000;
  select install_generation_schedule('https://project.test', 'key');
  ${ended("image", "succeeded", { cost_usd: "0.039", entities: `[{"outcome": "linked"}]` })};
  ${ended("video", "succeeded", { cost_usd: "0.8" })};
  ${ended("video", "cancelled")};
`;

async function openProject() {
  const database = await openPglite();
  await database.exec(EXTENSIONS);
  await migrate(async (sql) => void (await database.exec(sql)));
  await database.exec(WELL);
  return database;
}

const sqlOf = (text: string) => [...text.matchAll(/^```sql\n(.*?)^```/gms)].map(([, sql]) => sql);

Deno.test("every statement of docs/operations.md runs, and leaves the queues alone", async () => {
  await using database = await openProject();
  await database.exec(`select pgmq.send('image_generation_queue', '{"storyboardId": "sb"}')`);
  const queue = async () =>
    (await database.query("select * from pgmq.q_image_generation_queue")).rows;
  const before = await queue();
  const statements = sqlOf(GUIDE);
  assert.equal(statements.length, 8);
  const [stop, goOn, limit, , orphans] = statements;

  const workers = async () =>
    (await database.query<{ most_workers: number }>(
      "select most_workers from generation_worker_settings order by queue",
    )).rows.map(({ most_workers }) => most_workers);
  await database.exec(stop);
  assert.deepEqual(await workers(), [0, 0]);
  await database.exec(goOn);
  assert.deepEqual(await workers(), [4, 4]);
  await database.exec(limit);
  assert.deepEqual(await workers(), [10, 4]);

  const id = "0d9c5c0e-6f1b-4c53-8a39-0a54a87c4a55";
  await database.exec(`
    insert into storage.objects (bucket_id, name, created_at) values
      ('storyboard-images', 'sb/s1.png', now() - interval '2 days'),
      ('storyboard-images', 'sb/scenes/s1/${id}.png', now() - interval '2 days'),
      ('storyboard-images', 'sb/scenes/s2/${id}.png', now()),
      ('storyboard-images', 'sb/scenes/s3/${id}.png', now() - interval '2 days');
    update generation_jobs
    set object_path = 'sb/scenes/s3/${id}.png', asset_url = 'https://x.test/s3.png',
      storyboard_id = 'sb', scene_id = 's3'
    where kind = 'image' and status = 'succeeded';
  `);
  const [{ rows }] = await database.exec(orphans);
  assert.deepEqual(rows.map(({ name }) => name), [`sb/scenes/s1/${id}.png`]);

  for (const statement of statements.slice(3)) await database.exec(statement);
  assert.deepEqual(await queue(), before);

  // Those in sentences and tables change what they say.
  const jobs = (await database.query<{ id: string }>(
    "select id from generation_jobs where kind = 'image' order by status",
  )).rows;
  const [queued, made] = jobs.map(({ id }) => id);
  const spans = [...GUIDE.matchAll(/`((?:select|update|delete|insert) [^`…]*)`/g)];
  assert.equal(spans.length, 6);
  for (const [, span] of spans) {
    await database.exec(span.replace("JOB_ID", span.includes("choose") ? made : queued));
  }
  const { rows: limits } = await database.query<{ model: string | null }>(
    "select model from generation_limits order by model",
  );
  assert.deepEqual(limits.map(({ model }) => model), ["vertex/veo-3.1-fast-generate-001", null]);
  assert.equal((await queue()).length, 0);
});

const alerts = new Map(
  ALERTS.split("\n### ").slice(1).map((section) => [section.split("\n")[0], sqlOf(section)[0]]),
);

Deno.test("each alert has its trouble", () => {
  assert.deepEqual([...alerts.keys()], Object.keys(TROUBLE));
});

Deno.test("each alert answers in its trouble, and none while all is well", async (test) => {
  await using database = await openProject();
  for (const [name, alert] of alerts) {
    await test.step(name, async () => {
      assert.deepEqual((await database.exec(alert))[0].rows, []);
      await database.exec("begin");
      await database.exec(TROUBLE[name]);
      const [{ rows }] = await database.exec(alert);
      await database.exec("rollback");
      assert.equal(rows.length, 1);
    });
  }
});
