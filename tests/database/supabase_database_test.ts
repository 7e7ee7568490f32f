/**
 * That `supabase test db` is sound: its files pass in a database like Supabase's, as a role that owns
 * neither pg_cron, pg_net, Vault nor Storage and is no superuser, with the seed applied and other
 * projects' things beside it. pg_cron is Debian's where it can be had; pg_net, Vault and Storage are no
 * packages, so stand-ins have their tables and Supabase's grants.
 */

import assert from "node:assert/strict";
import { migrate } from "../../local/database/migrate.ts";
import { CRON } from "../../local/stack/schedule/cron.ts";
import { NET } from "../../local/stack/schedule/net.ts";
import { VAULT } from "../../local/stack/schedule/vault.ts";
import { connect, startPostgres } from "../support/postgres.ts";
import { debian, PG_CRON, scheduler } from "./debian_postgres.ts";
import { onPostgres, PGTAP, runPgtapFile, supabaseTestFiles } from "./tap.ts";

const SEED = new URL("../../supabase/seed.sql", import.meta.url);

const STORAGE = `
create schema storage;
create table storage.buckets (id text primary key, name text not null unique, public boolean default false);
create table storage.objects (
  id uuid primary key default gen_random_uuid(),
  bucket_id text references storage.buckets (id),
  name text,
  metadata jsonb,
  created_at timestamptz default now()
);
`;

/** What supabase/postgres grants to its role postgres, which is no superuser and bypasses RLS. */
const GRANTS = `
alter role project_owner bypassrls;
grant usage on schema extensions to public;
grant usage on schema cron to project_owner with grant option;
grant all on all functions in schema cron to project_owner with grant option;
grant all on all tables in schema cron to project_owner with grant option;
revoke all on table cron.job from project_owner;
grant select on table cron.job to project_owner with grant option;
grant usage on schema vault to project_owner with grant option;
grant select, delete on vault.secrets, vault.decrypted_secrets to project_owner with grant option;
alter function vault.create_secret security definer;
alter function vault.update_secret security definer;
grant all on schema net to project_owner;
grant all on all tables in schema net to project_owner;
grant usage on schema storage to project_owner;
grant all on all tables in schema storage to project_owner;
`;

const THINGS_OF_OTHERS = `
select vault.create_secret('not ours', 'of another application');
select cron.schedule('of another application', '0 0 * * *', 'select 1');
insert into cron.job_run_details (runid, jobid, return_message, start_time, end_time)
select -1, jobid, 'not ours', now() - interval '3 days', now() - interval '3 days'
from cron.job where jobname = 'of another application';
insert into net._http_response (id, status_code) values (-1, 200);
insert into storage.buckets (id, name) values ('avatars', 'avatars');
insert into storage.objects (bucket_id, name) values ('avatars', 'one.png');
`;

Deno.test(`supabase test db passes in a database like Supabase's, with ${scheduler}`, async (t) => {
  const server = await startPostgres(PG_CRON);
  try {
    const database = await server.createDatabase({ pgmq: { extension: "1.5.1" } });
    const superuser = connect(database.superuserUrl);
    const cron = debian ? "create extension pg_cron;" : CRON;
    await superuser.unsafe(PGTAP + cron + VAULT + NET + STORAGE + GRANTS);
    const secret = "a secret of the test's own, with 32 characters";
    await superuser`select set_config('app.settings.jwt_secret', ${secret}, false)`;
    await superuser`
      alter database project_1 set "app.settings.jwt_secret" from current`;
    await superuser.end();

    const owner = connect(database.url);
    await migrate(async (sql) => void (await owner.unsafe(sql)));
    await owner.unsafe(await Deno.readTextFile(SEED));
    await owner.unsafe(THINGS_OF_OTHERS);
    const [{ installed }] =
      await owner`select bool_and(installed) as installed from generation_schedule()`;
    assert.ok(installed);

    for (const file of supabaseTestFiles()) {
      await t.step(file.name, () => runPgtapFile(file, onPostgres(owner)));
    }

    await t.step("nothing is left of it", async () => {
      const [left] = await owner`
        select (select count(*)::int from generation_jobs) as jobs,
          (select array_agg(name order by name) from vault.secrets) as secrets,
          (select array_agg(jobname::text order by jobname) from cron.job) as jobnames,
          (select count(*)::int from storage.objects) as objects`;
      assert.deepEqual({ ...left }, {
        jobs: 0,
        secrets: ["of another application", "project_url", "worker_key"],
        jobnames: [
          "deliver-generation-webhooks",
          "of another application",
          "process-image-generation",
          "process-video-generation",
          "prune-generation-schedule",
        ],
        objects: 1,
      });
    });
    await owner.end();
  } finally {
    await server.close();
  }
});
