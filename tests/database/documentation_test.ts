/** That the SQL which people copy works: enqueue-test-images.sql, README.md, the pages of docs/. */

import assert from "node:assert/strict";
import { migrate } from "../../local/database/migrate.ts";
import { openMigratedPglite, openPglite } from "../support/pglite.ts";
import { AUTH } from "./auth.ts";
import { EXTENSIONS } from "./tap.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("enqueue-test-images.sql queues three scenes, and again changes nothing", async () => {
  const script = await Deno.readTextFile(new URL("enqueue-test-images.sql", ROOT));
  await using database = await openMigratedPglite();
  await database.exec(
    `insert into kv_store_7ee7668a values ('scene:storyboard-test:scene-002', '{"title": "Mine"}')`,
  );

  const shown = (await database.exec(script)).at(-1)!.rows;
  assert.deepEqual(shown.map((row) => row.scene), ["scene-001", "scene-002", "scene-003"]);
  assert.deepEqual(shown.map((row) => row.status), ["queued", "queued", "queued"]);
  const again = (await database.exec(script)).at(-1)!.rows;
  assert.deepEqual(again, shown);

  const { rows } = await database.query(
    "select key, value ->> 'title' as title from kv_store_7ee7668a order by key",
  );
  assert.deepEqual(rows, [
    { key: "scene:storyboard-test:scene-001", title: "The cliff" },
    { key: "scene:storyboard-test:scene-002", title: "Mine" },
    { key: "scene:storyboard-test:scene-003", title: "The village" },
  ]);
});

/** What a person fills in: the database refuses the placeholders of the schedule. */
function filledIn(sql: string): string {
  return sql.replace("PROJECT_REF", "project").replace(/'\w*SECRET_KEY[^']*'/, "'the key'");
}

/** The SQL that a page shows. */
async function statementsOf(page: string): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(page, ROOT));
  return [...text.matchAll(/^```sql\n(.*?)^```/gms)].map((match) => match[1]);
}

Deno.test("every statement of the README runs", async () => {
  const [first, sending, once, monitoring, changing] = await statementsOf("README.md");
  await using database = await openMigratedPglite();
  await database.exec(
    "create table storage.objects (bucket_id text, name text, metadata jsonb, created_at timestamptz)",
  );
  await database.exec(first + sending);
  const jobs = await database.query<{ id: string; kind: string }>("select * from generation_jobs");
  assert.deepEqual(jobs.rows.map(({ kind }) => kind).sort(), ["image", "image", "video", "video"]);
  const [[sent], [again]] = [await database.exec(once), await database.exec(once)];
  assert.deepEqual(sent.rows, again.rows, "the same job under the same key");
  const results = await database.exec(monitoring.replaceAll("JOB-ID", jobs.rows[0].id));
  assert.equal(results[0].rows[0].count, 3);
  assert.equal(results[2].rows.length, 3, "pending jobs");
  await database.exec(changing.replaceAll("JOB-ID", jobs.rows[0].id));
});

Deno.test("the schedule of docs/deploying.md calls a function whose queue has work", async () => {
  const [install, look, change, remove, local] = await statementsOf("docs/deploying.md");
  await using database = await openPglite();
  await database.exec(EXTENSIONS);
  await migrate(async (sql) => void (await database.exec(sql)));
  const jobs = async () => {
    const { rows } = await database.query<{ jobname: string; schedule: string }>(
      "select jobname, schedule from cron.job where jobname like 'process-%' order by jobname",
    );
    return rows.map(({ jobname, schedule }) => [jobname, schedule]);
  };

  await assert.rejects(database.exec(install), /project_url: .* got the placeholder/);
  await database.exec(filledIn(install));
  assert.deepEqual(await jobs(), [
    ["process-image-generation", "10 seconds"],
    ["process-video-generation", "10 seconds"],
  ]);
  await database.exec(
    `select pgmq.send('video_generation_queue', '{"storyboardId": "sb", "prompt": "p"}')`,
  );
  const calls = await database.query<{ url: string; apikey: string }>(
    "select url, headers ->> 'apikey' as apikey from net.http_request_queue",
  );
  assert.deepEqual(calls.rows, [{
    url: "https://project.supabase.co/functions/v1/process-video-generation",
    apikey: "the key",
  }]);

  const [{ rows: seen }] = await database.exec(look);
  assert.deepEqual(seen.map(({ installed, missing }) => ({ installed, missing })), [
    { installed: true, missing: [] },
    { installed: true, missing: [] },
  ]);
  await database.exec(change);
  assert.deepEqual((await jobs())[0], ["process-image-generation", "30 seconds"]);
  await database.exec(remove);
  assert.deepEqual(await jobs(), []);

  await database.exec(filledIn(local));
  const [{ rows: [{ url }] }] = await database.exec(look);
  assert.equal(url, "http://kong:8000/functions/v1/process-image-generation");
});

Deno.test("the schedule calls with the key that SECURITY.md names instead of the old one", async () => {
  const [install] = await statementsOf("docs/deploying.md");
  const [rotate, ...more] = await statementsOf("SECURITY.md");
  assert.deepEqual(more, []);
  await using database = await openPglite();
  await database.exec(EXTENSIONS);
  await migrate(async (sql) => void (await database.exec(sql)));
  await database.exec(filledIn(install));
  await database.exec(rotate);
  await database.exec(`select pgmq.send('image_generation_queue', '{"prompt": "p"}')`);
  const calls = await database.query<{ key: string }>(
    "select headers ->> 'apikey' as key from net.http_request_queue",
  );
  assert.deepEqual(calls.rows, [{ key: "YOUR_NEW_SECRET_KEY" }]);
});

Deno.test("every statement of docs/database.md runs, and takes nothing off the queue", async () => {
  const statements = await statementsOf("docs/database.md");
  assert.ok(statements.length >= 14);

  await using database = await openMigratedPglite();
  await database.exec(AUTH);
  await database.exec(`
    create table storage.objects (
      bucket_id text, name text, metadata jsonb, created_at timestamptz default now()
    );
    create schema cron;
    create table cron.job (schedule text, command text);
    create function cron.schedule(job_name text, schedule text, command text) returns bigint
      language sql as $$ insert into cron.job values ($2, $3); select 1::bigint $$;
    create table public.scenes (
      storyboard_id text, id text, image_url text, video_url text, updated_at timestamptz
    );
    create table public.characters (like public.scenes);
    insert into public.scenes values ('sb', 's1');
    insert into storage.objects values
      ('storyboard-images', 'sb/s1.png', '{"size": 2048, "mimetype": "image/png"}');
    select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "sceneId": "s1", "prompt": "p"}');
  `);
  const queue = () =>
    database.query<Record<string, unknown>>(
      "select * from pgmq.q_image_generation_queue order by msg_id",
    );
  const before = (await queue()).rows;
  for (const statement of statements) await database.exec(statement);
  const [untouched, sent, ...more] = (await queue()).rows;
  assert.deepEqual([[untouched], more], [before, []]);

  const enqueue = statements.find((statement) => statement.includes("enqueue_generation_job"))!;
  assert.equal((await database.exec(enqueue))[0].rows[0].msg_id, sent.msg_id, "once under its key");
  assert.equal((await queue()).rows.length, 2);

  const scheduled = await database.query<{ command: string }>("select command from cron.job");
  assert.equal(scheduled.rows.length, 1);
  const [pruned] = await database.exec(scheduled.rows[0].command);
  assert.deepEqual(pruned.rows, [{ prune_generation_jobs: "(0,0,f)" }]);

  // The function of the page has replaced ours by now.
  const linked = await database.query(
    "select link_generated_asset('scene:sb:s1', 'image', 'https://x.test/i.png', now()) as outcome",
  );
  assert.deepEqual(linked.rows, [{ outcome: "linked" }]);
  const scene = await database.query("select image_url, video_url from public.scenes");
  assert.deepEqual(scene.rows, [{ image_url: "https://x.test/i.png", video_url: null }]);
});

Deno.test("docs/database.md names every column of the ledger and every function", async () => {
  const page = await Deno.readTextFile(new URL("docs/database.md", ROOT));
  await using database = await openMigratedPglite();
  const { rows } = await database.query<{ name: string }>(`
    select column_name as name from information_schema.columns
    where table_schema = 'public' and table_name = 'generation_jobs'
    union all
    select proname from pg_proc
    where pronamespace = 'public'::regnamespace
      and (proname like '%generation%' or proname = 'link_generated_asset')`);
  const missing = rows.map(({ name }) => name).filter((name) =>
    !new RegExp(`\`${name}[\`(]`).test(page)
  );
  assert.deepEqual(missing, []);
});

Deno.test("every statement of docs/webhooks.md does what the page says of it", async () => {
  const statements = await statementsOf("docs/webhooks.md");
  const [setUp, show, missing, send, figures, again, rotate, retire, develop] = statements;
  assert.equal(statements.length, 9);
  await using database = await openMigratedPglite();
  await database.exec(EXTENSIONS);
  const secret = async () =>
    (await database.exec(show))[0].rows[0].decrypted_secret.split(" ") as string[];

  await database.exec(setUp);
  const [first] = await secret();
  assert.deepEqual((await database.exec(missing))[0].rows, [{ missing: [] }]);
  await database.exec(send);
  await database.exec("select cancel_generation_job(id) from generation_jobs");
  const sent = "select url from net.http_request_queue";
  const url = "https://hooks.example.com/generation?user=7";
  assert.deepEqual((await database.query(sent)).rows, [{ url }]);

  await database.exec(`
    insert into net._http_response (id, status_code) select request_id, 410 from generation_webhooks;
    select deliver_generation_webhooks();
  `);
  const [counts, failed] = await database.exec(figures);
  assert.deepEqual(counts.rows.map(({ status, count }) => [status, count]), [["failed", 1]]);
  assert.deepEqual(
    failed.rows.map(({ type, attempts, response_status }) => [
      type,
      attempts,
      response_status,
    ]),
    [["generation.cancelled", 1, 410]],
  );
  await database.exec(again);
  assert.equal((await database.query(sent)).rows.length, 2);

  const [{ rows: fields }] = await database.exec(
    "select jsonb_object_keys(event) as name from generation_webhooks " +
      "union all select jsonb_object_keys(event -> 'data') from generation_webhooks",
  );
  const page = await Deno.readTextFile(new URL("docs/webhooks.md", ROOT));
  const cells = [...page.matchAll(/^\| (`.*?`) \| /gm)].map(([, cell]) => cell).join();
  const missingFields = fields.map(({ name }) => name).filter((name) =>
    !cells.includes(`\`${name}\``)
  );
  assert.deepEqual(missingFields, [], "the page has every field of the body");

  await database.exec(rotate);
  const [second, old, ...more] = await secret();
  assert.notEqual(second, first);
  assert.deepEqual([old, more], [first, []]);
  assert.deepEqual((await database.exec(missing))[0].rows, [{ missing: [] }]);
  await database.exec(retire);
  assert.deepEqual(await secret(), [second]);

  await database.exec(develop);
  const settings = await database.query("select local_receivers from generation_webhook_settings");
  assert.deepEqual(settings.rows, [{ local_receivers: true }]);
});

Deno.test("docs/webhooks.md lists every field of the body, and no other", async () => {
  await using database = await openMigratedPglite();
  await database.exec(`
    select pgmq.send('image_generation_queue', '{
      "storyboardId": "sb", "prompt": "p", "webhookUrl": "https://hooks.example.com/"}');
    select fail_generation_job('image_generation_queue', msg_id, lease_token, 'no_image', 'none came')
    from claim_generation_jobs('image_generation_queue', 600, 1);
  `);
  const { rows: [{ event }] } = await database.query<{ event: Event }>(
    "select event from generation_webhooks",
  );
  type Event = { data: { error: Record<string, string> } & Record<string, unknown> };
  const fields = [...Object.keys(event), ...Object.keys(event.data)].sort();

  const page = await Deno.readTextFile(new URL("docs/webhooks.md", ROOT));
  const [, sample, table] = /^## The request\n\n```json\n(.*?)^```(.*?)^\| header/ms.exec(page)!;
  const shown: Event = JSON.parse(sample);
  assert.deepEqual([...Object.keys(shown), ...Object.keys(shown.data)].sort(), fields);
  const rows = [...table.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, names]) => names.split(", "));
  assert.deepEqual(rows.map((name) => name.slice(1, -1)).sort(), fields);
  const error = /^\| `error` \| (.*)$/m.exec(table)![1];
  for (const name of Object.keys(event.data.error)) assert.ok(error.includes(`\`${name}\``), name);
});
