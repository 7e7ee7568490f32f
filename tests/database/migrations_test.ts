/** That the migrations run wherever they have to, and again on what is there. */

import assert from "node:assert/strict";
import { PGlite } from "@electric-sql/pglite";
import { pgmq } from "@electric-sql/pglite-pgmq";
import { migrate, migrations } from "../../local/database/migrate.ts";
import { openMigratedPglite, openPglite } from "../support/pglite.ts";
import { connect, type DatabaseOptions, startPostgres } from "../support/postgres.ts";
import { EXTENSIONS } from "./tap.ts";

/** Everything that the migrations define, as text, to compare two states of a database. */
const DEFINITIONS = `
  select 'function' as kind, p.oid::regprocedure::text as name,
    md5(pg_get_functiondef(p.oid) || coalesce(p.proacl::text, '')) as definition
  from pg_proc as p
  where p.pronamespace in ('public'::regnamespace, 'generation_private'::regnamespace)
  union all
  select 'trigger', t.tgname || ' on ' || t.tgrelid::regclass, md5(pg_get_triggerdef(t.oid))
  from pg_trigger as t
  where not t.tgisinternal
  union all
  select 'relation', c.oid::regclass::text,
    md5(c.relrowsecurity::text || coalesce(c.relacl::text, '') || (
      select string_agg(a.attname || format_type(a.atttypid, a.atttypmod), ',' order by a.attnum)
      from pg_attribute as a where a.attrelid = c.oid and a.attnum > 0
    ))
  from pg_class as c
  where c.relnamespace in ('public'::regnamespace, 'pgmq'::regnamespace) and c.relkind in ('r', 'v', 'i')
  order by 1, 2
`;

const WAYS: [string, DatabaseOptions][] = [
  ["creating the extension", { pgmq: "available" }],
  ["pgmq 1.5.1, as hosted", { pgmq: { extension: "1.5.1" } }],
  ["pgmq 1.11.1", { pgmq: { extension: "1.11.1" } }],
  ["pgmq from a script, without the extension", { pgmq: "script" }],
];

for (const major of [15, 18] as const) {
  Deno.test(`PostgreSQL ${major}: by an owner who is no superuser, twice`, async (t) => {
    const server = await startPostgres({ major });
    try {
      for (const [name, options] of WAYS) {
        await t.step(name, async () => {
          const { url } = await server.createDatabase(options);
          const owner = connect(url);
          const run = () => migrate(async (sql) => void (await owner.unsafe(sql)));
          await run();
          const [sent] = await owner`
            select job_id from public.enqueue_generation_job(
              'image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}'
            )`;
          const once = await owner.unsafe(DEFINITIONS);
          await run();
          assert.deepEqual([...await owner.unsafe(DEFINITIONS)], [...once]);
          const jobs = await owner`select id, status from public.generation_jobs`;
          assert.deepEqual([...jobs], [{ id: sent.job_id, status: "queued" }]);
          await owner.end();
        });
      }

      await t.step("pgmq upgraded under a running queue", async () => {
        const { url } = await server.createDatabase({ pgmq: { extension: "1.5.1" } });
        const owner = connect(url);
        await migrate(async (sql) => void (await owner.unsafe(sql)));
        await owner`select pgmq.send('image_generation_queue', '{"prompt": "before"}')`;
        await owner`alter extension pgmq update to '1.11.1'`;
        await owner`select pgmq.send('image_generation_queue', '{"prompt": "after"}')`;
        const claimed = await owner`
          select message ->> 'prompt' as prompt, lease_token, msg_id
          from public.claim_generation_jobs('image_generation_queue', 30, 5)`;
        assert.deepEqual(claimed.map((job) => job.prompt), ["before", "after"]);
        const [{ failed }] = await owner`
          select public.fail_generation_job(
            'image_generation_queue', ${claimed[0].msg_id}, ${
          claimed[0].lease_token
        }, 'no_image', ''
          ) as failed`;
        assert.equal(failed, true);
        await owner`select public.redrive_generation_jobs(queue_name => 'image_generation_queue')`;
        const [{ count }] = await owner`
          select count(*)::int from pgmq.image_generation_queue where vt <= clock_timestamp()`;
        assert.equal(count, 1);
        await owner.end();
      });
    } finally {
      await server.close();
    }
  });
}

Deno.test("messages that were there before the migrations get their ledger rows", async () => {
  await using database = await openPglite();
  await database.exec(`
    create extension pgmq;
    select pgmq.create('image_generation_queue');
    select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "early"}');
  `);
  await migrate(async (sql) => void (await database.exec(sql)));
  const { rows } = await database.query(
    "select prompt, status, job.enqueued_at = q.enqueued_at as same_time from public.generation_jobs as job join pgmq.q_image_generation_queue as q using (msg_id)",
  );
  assert.deepEqual(rows, [{ prompt: "early", status: "queued", same_time: true }]);
});

Deno.test("a queue that is dropped and created again works again after the migrations", async () => {
  await using database = await openMigratedPglite();
  await database.exec(`
    select pgmq.send('image_generation_queue', '{"prompt": "lost"}');
    update public.generation_jobs set enqueued_at = enqueued_at - interval '1 day';
    select pgmq.drop_queue('image_generation_queue');
    select pgmq.create('image_generation_queue');
    select pgmq.send('image_generation_queue', '{"prompt": "unseen"}');
  `);
  await migrate(async (sql) => void (await database.exec(sql)));
  await database.exec(`select pgmq.send('image_generation_queue', '{"prompt": "seen"}')`);
  const { rows } = await database.query(
    "select prompt, msg_id, status, error_code from public.generation_jobs order by prompt",
  );
  assert.deepEqual(rows, [
    { prompt: "lost", msg_id: 1, status: "failed", error_code: "message_lost" },
    { prompt: "seen", msg_id: 2, status: "queued", error_code: null },
    { prompt: "unseen", msg_id: 1, status: "queued", error_code: null },
  ]);
});

Deno.test("what a project has changed or brought along stays as it is", async () => {
  await using database = await openPglite();
  await database.exec(`
    create table public.kv_store_7ee7668a (key text primary key, value jsonb, note text);
    insert into storage.buckets (id, name, public) values ('storyboard-images', 'storyboard-images', false);
  `);
  await migrate(async (sql) => void (await database.exec(sql)));
  await database.exec(`
    create or replace function public.link_generated_asset(
      entity_key text, asset_kind text, asset_url text, generated_at timestamptz
    ) returns text language sql as $$ select 'linked' $$;
  `);
  await migrate(async (sql) => void (await database.exec(sql)));

  const linked = await database.query(
    "select public.link_generated_asset('scene:none:none', 'image', 'u', now()) as outcome",
  );
  assert.deepEqual(linked.rows, [{ outcome: "linked" }]);
  const table = await database.query(
    "select relrowsecurity from pg_class where oid = 'public.kv_store_7ee7668a'::regclass",
  );
  assert.deepEqual(table.rows, [{ relrowsecurity: false }]);
  const buckets = await database.query("select id, public from storage.buckets order by id");
  assert.deepEqual(buckets.rows, [
    { id: "storyboard-images", public: false },
    { id: "storyboard-videos", public: true },
  ]);
});

Deno.test("the schedule is installed where everything is there, unless it was removed", async () => {
  await using database = await openPglite();
  await database.exec(`
    ${EXTENSIONS}
    select vault.create_secret('https://project.test', 'project_url');
    select vault.create_secret('key', 'worker_key');
  `);
  const run = () => migrate(async (sql) => void (await database.exec(sql)));
  const jobs = async () => {
    const { rows } = await database.query("select jobname, schedule from cron.job order by 1");
    return rows;
  };
  await run();
  const installed = [
    { jobname: "deliver-generation-webhooks", schedule: "10 seconds" },
    { jobname: "process-image-generation", schedule: "10 seconds" },
    { jobname: "process-video-generation", schedule: "10 seconds" },
    { jobname: "prune-generation-schedule", schedule: "17 * * * *" },
  ];
  assert.deepEqual(await jobs(), installed);

  await database.exec("update public.generation_worker_settings set call_interval_seconds = 20");
  await run();
  assert.deepEqual((await jobs())[1], { ...installed[1], schedule: "20 seconds" });

  await database.exec("select public.remove_generation_schedule()");
  await run();
  assert.deepEqual(await jobs(), []);
});

Deno.test("where the schedule cannot be installed the migrations say how it can", async () => {
  await using database = await openPglite();
  await database.exec(EXTENSIONS);
  const notices: string[] = [];
  const onNotice = ({ message }: { message?: string }) => void notices.push(message ?? "");
  const run = () => migrate(async (sql) => void (await database.exec(sql, { onNotice })));
  await run();
  assert.match(notices.join("\n"), /missing: the secret project_url, the secret worker_key/);

  // Everything is there, but pg_cron refuses.
  await database.exec(`
    select vault.create_secret('https://project.test', 'project_url');
    select vault.create_secret('key', 'worker_key');
    create or replace function cron.schedule(job_name text, schedule text, command text)
      returns bigint language plpgsql as $$ begin raise exception 'not today'; end $$;
  `);
  await run();
  assert.match(notices.join("\n"), /the schedule could not be installed: not today/);
  const { rows } = await database.query("select installed from public.generation_schedule()");
  assert.deepEqual(rows, [{ installed: false }, { installed: false }]);
});

Deno.test("a database without Supabase's roles and without Storage is fine", async () => {
  await using database = await PGlite.create({ extensions: { pgmq } });
  for (let time = 0; time < 2; time++) {
    await migrate(async (sql) => void (await database.exec(sql)));
  }
  const { rows } = await database.query(
    "select proacl::text from pg_proc where proname = 'claim_generation_jobs'",
  );
  assert.deepEqual(rows, [{ proacl: "{postgres=X/postgres}" }]);
});

Deno.test("without pgmq the first migration says what is missing", async () => {
  await using database = await PGlite.create();
  await assert.rejects(
    migrate(async (sql) => void (await database.exec(sql))),
    /20261128000100_schema\.sql: pgmq is needed/,
  );
});

Deno.test("each function is defined once and short, and only messages.sql builds SQL for a queue", async () => {
  const defined = new Map<string, string>();
  for (const { name, sql } of await migrations()) {
    for (
      const [text, called] of sql.matchAll(
        /^ *create (?:or replace )?function ([\w.]+)[^]*?(?:^ *\$\$;|^return\b[^;]*;|^end;)$/gm,
      )
    ) {
      assert.ok(!defined.has(called), `${called} is defined in ${defined.get(called)} and ${name}`);
      assert.ok(text.split("\n").length <= 70, `${called} has more than 70 lines`);
      defined.set(called, name);
    }
    if (name.endsWith("_messages.sql")) continue;
    assert.doesNotMatch(
      sql,
      /execute\s+(?:format\()?\s*'[^']*pgmq/,
      `${name} builds SQL for a queue`,
    );
  }
  assert.ok(defined.size > 100);
});
