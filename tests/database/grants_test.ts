/** Who may use what the migrations make: a decision for each function, table and view. */

import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { migrate } from "../../local/database/migrate.ts";
import { connect, startPostgres } from "../support/postgres.ts";

const OWNER_ALONE = "";
const EXECUTES = "service_role EXECUTE";
/** Only the functions in public call these, as their owner, unless GRANTS says otherwise. */
const INTERNAL = "function generation_private.";
/** Who may use an object besides its owner. An object of public that is not listed is undecided. */
const GRANTS: Record<string, string> = {
  "schema generation_private": OWNER_ALONE,

  "table public.generation_jobs": "service_role SELECT",
  "table public.generation_worker_settings": "service_role SELECT",
  "table public.generation_webhook_settings": "service_role SELECT",
  "table public.generation_webhooks": "service_role SELECT",
  "table generation_private.worker_calls": OWNER_ALONE,
  "table generation_private.claim_errors": OWNER_ALONE,
  "sequence public.generation_limits_id_seq": OWNER_ALONE,
  "table generation_private.requests": OWNER_ALONE,
  "table generation_private.fair_share_cursors": OWNER_ALONE,
  "table generation_private.turn_passes": OWNER_ALONE,
  "table generation_private.workers": OWNER_ALONE,
  "table generation_private.prune_passes": OWNER_ALONE,
  "table generation_private.ended_counts": OWNER_ALONE,
  "table generation_private.ended_counted": OWNER_ALONE,
  "table public.generation_models": "service_role SELECT",
  "table public.generation_publications": "service_role SELECT",
  "table public.generation_limits": "service_role DELETE INSERT SELECT UPDATE",
  // The project's own, unless there was none.
  "table public.kv_store_7ee7668a": "service_role DELETE INSERT SELECT UPDATE",
  "table pgmq.q_image_generation_queue": "service_role SELECT",
  "table pgmq.q_video_generation_queue": "service_role SELECT",
  "table pgmq.a_image_generation_queue": OWNER_ALONE,
  "table pgmq.a_video_generation_queue": OWNER_ALONE,
  "sequence pgmq.q_image_generation_queue_msg_id_seq": OWNER_ALONE,
  "sequence pgmq.q_video_generation_queue_msg_id_seq": OWNER_ALONE,
  "view pgmq.image_generation_queue": "service_role SELECT",
  "view pgmq.video_generation_queue": "service_role SELECT",
  "view public.generation_assets": "service_role SELECT",
  "view public.generation_costs": "service_role SELECT",
  "view public.generation_entities": "service_role SELECT",
  "view public.generation_failures": "service_role SELECT",
  "view public.generation_jobs_in_flight": "service_role SELECT",
  "view public.generation_latency": "service_role SELECT",
  "view public.generation_limits_in_use": "service_role SELECT",
  "view public.generation_oldest_waiting": "service_role SELECT",
  "view public.generation_pending_jobs": "service_role SELECT",
  "view public.generation_standing": "service_role SELECT",
  "view public.generation_throughput": "service_role SELECT",

  "function public.begin_generation_submission": EXECUTES,
  "function public.cancel_generation_job": EXECUTES,
  "function public.cancelled_generation_operations": EXECUTES,
  "function public.choose_generation_result": EXECUTES,
  "function public.claim_generation_jobs": EXECUTES,
  "function public.complete_generation_job": EXECUTES,
  "function public.confirm_generation_publication": EXECUTES,
  "function public.defer_generation_job": EXECUTES,
  "function public.deliver_generation_webhooks": EXECUTES,
  "function public.enqueue_generation_job": EXECUTES,
  "function public.extend_generation_lease": EXECUTES,
  "function public.fail_generation_job": EXECUTES,
  "function public.generation_job": EXECUTES,
  "function public.generation_jobs_left_out": EXECUTES,
  "function public.generation_latency_by_hour": EXECUTES,
  "function public.generation_live_jobs": EXECUTES,
  "function public.generation_metrics": EXECUTES,
  "function public.generation_recent_costs": EXECUTES,
  "function public.generation_schedule": EXECUTES,
  "function public.generation_schema_version": EXECUTES,
  "function public.generation_storyboard": EXECUTES,
  "function public.generation_storyboards": EXECUTES,
  "function public.generation_versions": EXECUTES,
  "function public.generation_webhook_status": EXECUTES,
  "function public.install_generation_schedule": EXECUTES,
  "function public.link_generated_asset": EXECUTES,
  "function public.maintain_generation_queue": EXECUTES,
  "function public.prune_generation_jobs": EXECUTES,
  "function public.record_generation_operation": EXECUTES,
  "function public.redeliver_generation_webhook": EXECUTES,
  "function public.redrive_generation_jobs": EXECUTES,
  "function public.remove_generation_schedule": EXECUTES,
  "function public.report_generation_trouble": EXECUTES,
  "function public.reset_generation_models": EXECUTES,
  "function public.slowest_generations": EXECUTES,
  "function public.unpublished_generation_jobs": EXECUTES,

  // The views read through these.
  "function generation_private.entity_results": EXECUTES,
  "function generation_private.queue_messages": EXECUTES,
  "function generation_private.queue_names": EXECUTES,
  "function generation_private.readable_message": EXECUTES,
  "function generation_private.held_up_lines": EXECUTES,
  "function generation_private.standing": EXECUTES,
  "function generation_private.stored_assets": EXECUTES,
  "function generation_private.image_queue_messages": EXECUTES,
  "function generation_private.video_queue_messages": EXECUTES,
  // The indexes of the queues call it as the sender.
  "function generation_private.message_priority": "everybody EXECUTE",
};

/** Everything outside of PostgreSQL's own schemas, with what others than the owner may do. */
const OBJECTS = `
  with object as (
    select 'schema ' || nspname as name, nspowner as owner, nspacl as acl, 'n'::"char" as kind
    from pg_namespace
    where nspname !~ '^pg_' and nspname <> 'information_schema'
    union all
    select
      case relkind when 'r' then 'table ' when 'v' then 'view ' when 'S' then 'sequence ' else relkind::text || ' ' end
        || relnamespace::regnamespace || '.' || relname,
      relowner, relacl, case relkind when 'S' then 's' else 'r' end::"char"
    from pg_class
    where relkind in ('r', 'p', 'v', 'm', 'f', 'S') and relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
    union all
    select 'function ' || pronamespace::regnamespace || '.' || proname, proowner, proacl, 'f'
    from pg_proc
    where pronamespace::regnamespace::text !~ '^(pg_|information_schema)'
  )
  select name, coalesce((
    select string_agg(granted, ', ' order by granted)
    from (
      select case grantee when 0 then 'everybody' else grantee::regrole::text end || ' '
        || string_agg(privilege_type, ' ' order by privilege_type) as granted
      from aclexplode(coalesce(object.acl, acldefault(object.kind, object.owner)))
      -- pgmq lets PostgreSQL's monitoring role read whatever is in its schema.
      where grantee <> object.owner and grantee <> 'pg_monitor'::regrole
      group by grantee
    ) as others
  ), '') as grants
  from object
`;

async function objects(session: Sql): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const { name, grants } of await session.unsafe(OBJECTS)) {
    found.set(name, [...found.get(name) ?? [], grants]);
  }
  return found;
}

for (const [major, version] of [[15, "1.5.1"], [18, "1.11.1"]] as const) {
  Deno.test(`PostgreSQL ${major}: each object is decided on`, async () => {
    const server = await startPostgres({ major });
    const { url } = await server.createDatabase({ pgmq: { extension: version } });
    const owner = connect(url);
    try {
      const before = await objects(owner);
      await migrate(async (sql) => void (await owner.unsafe(sql)));
      const made = new Map([...await objects(owner)].filter(([name]) => !before.has(name)));

      for (const [name, grants] of made) {
        const decided = GRANTS[name] ?? (name.startsWith(INTERNAL) ? OWNER_ALONE : undefined);
        assert.notEqual(
          decided,
          undefined,
          `GRANTS of this file does not say who may use the ${name}; as it is: ` +
            `${
              grants[0] || "its owner alone"
            }. In the migrations, an object of public is followed ` +
            "by generation_private.grant_to_service_role(...).",
        );
        assert.ok(grants.every((grant) => grant === decided), `${name}: ${grants}`);
      }
      const gone = Object.keys(GRANTS).filter((name) => !made.has(name));
      assert.deepEqual(gone, [], "decided on, but not there any more");
    } finally {
      await owner.end();
      await server.close();
    }
  });
}

Deno.test("the views answer service_role, and pgmq serves no user", async () => {
  const server = await startPostgres();
  const { url, superuserUrl } = await server.createDatabase({ pgmq: "available" });
  const owner = connect(url);
  await migrate(async (sql) => void (await owner.unsafe(sql)));
  await owner.end();
  const session = connect(superuserUrl);
  try {
    for (const role of ["anon", "authenticated"]) {
      await session.unsafe(`set role ${role}`);
      const send = session`select pgmq.send('image_generation_queue', '{}')`;
      await assert.rejects(send, { code: "42501" }, role);
    }
    await session.unsafe("set role service_role");
    await session`select * from public.enqueue_generation_job(
      'image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}'
    )`;
    await session`select * from public.claim_generation_jobs('image_generation_queue', 30, 1)`;
    const views = Object.keys(GRANTS).filter((name) => name.startsWith("view "));
    for (const view of views) await session.unsafe(`select * from ${view.slice("view ".length)}`);
  } finally {
    await session.end();
    await server.close();
  }
});
