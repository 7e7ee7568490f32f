/** That the caller of a function cannot put words into its mouth: it runs as its owner. */

import assert from "node:assert/strict";
import { migrate } from "../../local/database/migrate.ts";
import { connect, startPostgres } from "../support/postgres.ts";
import { NET } from "../../local/stack/schedule/net.ts";
import { VAULT } from "../../local/stack/schedule/vault.ts";

/** Types that the functions name, tables that they use, functions and operators that they call. */
const TYPES = ["text", "jsonb", "uuid", "timestamptz", "regclass", "record", "name"];
const TABLES = ["generation_jobs", "q_image_generation_queue", "kv_store_7ee7668a", "pg_class"];
const FUNCTIONS = [
  "clock_timestamp()",
  "format(pg_catalog.text, pg_catalog.text)",
  "to_regclass(pg_catalog.text)",
  "jsonb_build_object(pg_catalog.text, pg_catalog.text)",
  "jsonb_typeof(pg_catalog.jsonb)",
  "left(pg_catalog.text, integer)",
  "make_interval(integer)",
  "check_queue(pg_catalog.text)",
];
const OPERATORS: [string, string, string][] = [
  ["=", "text", "text"],
  ["||", "text", "text"],
  ["=", "int4", "int8"],
  ["=", "int8", "int4"],
  ["=", "uuid", "uuid"],
  ["->>", "jsonb", "text"],
  ["<", "timestamptz", "timestamptz"],
  ["<>", "text", "text"],
];

// deno-lint-ignore no-explicit-any -- whatever the columns are
type Row = any;

/** Everything that could be found instead of the real thing raises an error. */
const TRAPS = `
  create function public.trap() returns boolean language plpgsql as $$
  begin raise exception 'hijacked as %', current_user using errcode = 'HJ001'; end $$;
  ${TYPES.filter((type) => type !== "record").map(domain).join("\n")}
  create type pg_temp.record as (trap integer);
  ${TABLES.map((table) => `create temporary table ${table} (trap integer);`).join("\n")}
  ${FUNCTIONS.map(trapFunction).join("\n")}
  ${
  OPERATORS.map(([name, left, right], n) => `
    create function public.operator_trap_${n}(pg_catalog.${left}, pg_catalog.${right})
      returns boolean language sql as 'select public.trap()';
    create operator public.${name} (
      leftarg = pg_catalog.${left}, rightarg = pg_catalog.${right}, procedure = public.operator_trap_${n}
    );`).join("\n")
}
  set search_path = pg_temp, public, generation_private, pgmq, pg_catalog;
`;

function domain(type: string): string {
  return `create domain pg_temp.${type} as pg_catalog.${type} check (public.trap());`;
}

function trapFunction(signature: string): string {
  return `create function public.${signature} returns boolean language sql as 'select public.trap()';`;
}

Deno.test("the caller of the functions cannot become their owner", async (t) => {
  const server = await startPostgres();
  const { url, superuserUrl } = await server.createDatabase({ pgmq: { extension: "1.5.1" } });
  const owner = connect(url);
  const superuser = connect(superuserUrl);
  const intruder = connect(url.replace("project_owner", "intruder"));
  try {
    await owner.unsafe(VAULT + NET);
    await migrate(async (sql) => void (await owner.unsafe(sql)));
    await owner.unsafe(`
      update generation_webhook_settings set hosts = array['hooks.example.com'];
      select vault.create_secret('whsec_' || encode(sha256(random()::text::bytea), 'base64'), 'webhook_secret');
    `);
    await owner`insert into public.kv_store_7ee7668a values ('scene:sb:s1', '{}')`;
    await superuser.unsafe(`
      create role intruder login in role service_role;
      grant create on schema public to intruder;
      grant usage on schema pgmq to intruder;
      grant insert on pgmq.q_image_generation_queue to intruder;
      grant delete on pgmq.q_image_generation_queue to intruder;
    `);
    await intruder.unsafe(TRAPS);
    await assert.rejects(intruder`select 'a'::text`, /hijacked as intruder/, "the traps are set");

    await t.step("by a whole life of jobs", async () => {
      const run = async (
        call: string,
      ) => [...await intruder.unsafe(`select * from public.${call}`)];
      const message =
        '{"storyboardId": "sb", "sceneId": "s1", "prompt": "p", "webhookUrl": "https://hooks.example.com/"}';
      for (let n = 0; n < 4; n++) {
        await run(`enqueue_generation_job('image_generation_queue', '${message}')`);
      }
      const [done, failed, deferred] = await run(
        "claim_generation_jobs('image_generation_queue', 30, 3)",
      );
      const write = async (name: string, { msg_id, lease_token }: Row, more: string) => {
        const lease = `'image_generation_queue', ${msg_id}, ${lease_token}`;
        return Object.values((await run(`${name}(${lease}, ${more})`))[0])[0];
      };
      assert.equal(await write("extend_generation_lease", done, "30"), true);
      assert.equal(await write("begin_generation_submission", deferred, "'veo'"), true);
      assert.equal(await write("record_generation_operation", deferred, "'{}'"), true);
      assert.equal(await write("defer_generation_job", deferred, "0, true, 'x', 'y', true"), true);
      const asset = "'p', 'u', 'image/png', 'm', '{}', 0.04";
      const { held, publications } = await write("complete_generation_job", done, asset);
      assert.equal(held, true);
      await run(
        `confirm_generation_publication('${done.job_id}', '${JSON.stringify(publications)}')`,
      );
      assert.equal(await write("fail_generation_job", failed, "'x', 'y', true"), true);
      assert.equal((await run("redrive_generation_jobs(error_code => 'x')")).length, 1);
      await run(`cancel_generation_job('${failed.job_id}')`);
      await run("unpublished_generation_jobs('image_generation_queue', 5)");
      await run("maintain_generation_queue('image_generation_queue')");
      const [{ id, status }] = await owner`select id, status from public.generation_webhooks`;
      assert.equal(status, "sent");
      await run("deliver_generation_webhooks()");
      await run(`redeliver_generation_webhook('${id}')`);
      await run("prune_generation_jobs('1 hour', true)");
      await run(`generation_job('${deferred.job_id}')`);
      await run(`generation_jobs_left_out(array['${failed.job_id}']::pg_catalog.uuid[])`);
      await run("generation_metrics()");
      await run("link_generated_asset('scene:sb:s1', 'image', 'u', pg_catalog.now())");
    });

    await t.step("by the messages that fire the triggers", async () => {
      const queue = "pgmq.q_image_generation_queue";
      await intruder.unsafe(`insert into ${queue} (vt, message) values (pg_catalog.now(), '{}')`);
      await intruder.unsafe(`delete from ${queue} where true`);
    });
  } finally {
    await Promise.all([owner, superuser, intruder].map((session) => session.end()));
    await server.close();
  }
});
