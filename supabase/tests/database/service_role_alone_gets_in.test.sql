-- Every function and table that PostgREST can see is decided on: service_role or its owner alone.
begin;
select plan(17);

create temporary view ours as
select p.oid::regprocedure as signature, p.proname, p.prosecdef, p.proconfig, p.proacl,
  obj_description(p.oid, 'pg_proc') as comment
from pg_proc as p
where p.pronamespace = 'public'::regnamespace
  and (p.proname like '%generation%' or p.proname = 'link_generated_asset');

select is((select array_agg(proname::text order by proname) from ours), array[
  'begin_generation_submission', 'cancel_generation_job', 'cancelled_generation_operations',
  'choose_generation_result', 'claim_generation_jobs',
  'complete_generation_job', 'confirm_generation_publication', 'defer_generation_job', 'deliver_generation_webhooks',
  'enqueue_generation_job', 'extend_generation_lease', 'fail_generation_job', 'generation_job',
  'generation_jobs_left_out', 'generation_latency_by_hour', 'generation_live_jobs', 'generation_metrics',
  'generation_recent_costs', 'generation_schedule', 'generation_schema_version', 'generation_storyboard',
  'generation_storyboards', 'generation_versions', 'generation_webhook_status', 'install_generation_schedule',
  'link_generated_asset', 'maintain_generation_queue', 'prune_generation_jobs', 'record_generation_operation', 'redeliver_generation_webhook', 'redrive_generation_jobs',
  'remove_generation_schedule', 'report_generation_trouble', 'reset_generation_models', 'slowest_generations',
  'unpublished_generation_jobs'
], 'these are all our functions');
select is_empty(
  $$ select signature from ours where not has_function_privilege('service_role', signature, 'execute') $$,
  'service_role may call all of them'
);
select is_empty(
  $$ select signature, role from ours, unnest(array['anon', 'authenticated']) as role
     where has_function_privilege(role, signature, 'execute') $$,
  'anon and authenticated none'
);
select is_empty(
  $$ select signature from ours where proacl is null or exists (select from aclexplode(proacl) where grantee = 0) $$,
  'nor does everybody'
);
select is_empty(
  $$ select signature from ours where not prosecdef or not coalesce(proconfig @> array['search_path=pg_catalog, pg_temp'], false) $$,
  'they run as their owner, and find nothing of the caller''s'
);
select is_empty(
  $$ select p.oid::regprocedure from pg_proc as p
     where p.pronamespace = 'generation_private'::regnamespace
       and not coalesce(p.proconfig @> array['search_path=pg_catalog, pg_temp'], false)
       -- A body that is no text was bound to what its names meant when it was made.
       and p.prosqlbody is null
       -- The others are called by these alone, and have their search path.
       and (
         p.prosecdef
         or p.prorettype = 'trigger'::regtype
         or has_function_privilege('service_role', p.oid, 'execute')
         -- Views, indexes, policies and defaults call it for anyone.
         or exists (
           select from pg_depend as d
           where d.refclassid = 'pg_proc'::regclass and d.refobjid = p.oid and d.classid <> 'pg_proc'::regclass
         )
         or p.proname in ('call_workers', 'assign_turns', 'prune_schedule') -- pg_cron calls them
       )
       -- The views' functions run as the reader of the view, and are inlined.
       and p.proname not in ('image_queue_messages', 'video_queue_messages', 'queue_messages') $$,
  'nor do the internals that can be entered: an unqualified name is found in pg_catalog or not at all'
);
select is_empty($$ select signature from ours where comment is null $$, 'each says what it means');
select is_empty(
  $$ select p.oid::regprocedure
     from pg_proc as p
     where p.pronamespace = 'public'::regnamespace
       and p.oid not in (select signature::oid from ours)
       and pg_get_userbyid(p.proowner) = pg_get_userbyid((select relowner from pg_class where oid = 'public.generation_jobs'::regclass))
       and p.prosrc like '%generation_jobs%' $$,
  'no other function in public touches the ledger'
);

create temporary table relation as
select oid::regclass as name, relname::text
from pg_class
where oid in (
    'public.generation_jobs'::regclass, 'public.generation_models'::regclass, 'public.generation_publications'::regclass,
    'public.kv_store_7ee7668a'::regclass
  )
  or (relnamespace = 'public'::regnamespace and relkind = 'v' and relname like 'generation_%')
  or (relnamespace = 'pgmq'::regnamespace and relname ~ '^([qa]_)?(image|video)_generation_queue$');
select is(count(*), 21::bigint, 'the ledger, the models, the publications, the entities, the views, and queue, archive and view of each kind') from relation;
create temporary table holds as
select role, name, relname, privilege
from relation, unnest(array['anon', 'authenticated', 'service_role']) as role,
  unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) as privilege
where has_table_privilege(role, name, privilege)
  or (privilege in ('select', 'insert', 'update', 'references') and has_any_column_privilege(role, name, privilege));

select is_empty($$ select * from holds where role <> 'service_role' $$,
  'anon and authenticated neither read nor write any of them');
select is_empty(
  $$ select * from holds where privilege <> 'select' and relname <> 'kv_store_7ee7668a' $$,
  'service_role changes them through functions only, but for the entities'
);
select is_empty($$ select * from holds where privilege in ('truncate', 'references', 'trigger') $$,
  'no role but the owner empties a table or hangs a trigger on it');
select is_empty(
  $$ select role, s.oid::regclass
     from unnest(array['anon', 'authenticated', 'service_role']) as role
     cross join pg_class as s
     join pg_depend as d on d.objid = s.oid and d.deptype in ('a', 'i') and d.classid = 'pg_class'::regclass
     where s.relkind = 'S'
       and d.refobjid::regclass::text ~ '^(generation_|public\.generation_|pgmq\.q_|generation_private\.)'
       and has_sequence_privilege(role, s.oid, 'usage, select, update') $$,
  'nor counts a sequence on'
);
select is(
  (select array_agg(relname order by relname) from holds where privilege = 'select'),
  array['generation_assets', 'generation_costs', 'generation_entities', 'generation_failures', 'generation_jobs',
    'generation_jobs_in_flight', 'generation_latency', 'generation_limits_in_use', 'generation_models',
    'generation_oldest_waiting', 'generation_pending_jobs', 'generation_publications', 'generation_standing',
    'generation_throughput', 'image_generation_queue', 'kv_store_7ee7668a', 'q_image_generation_queue',
    'q_video_generation_queue', 'video_generation_queue'],
  'it reads them, but for the archives'
);
select ok(relrowsecurity, 'row security of the ledger is on')
from pg_class where oid = 'public.generation_jobs'::regclass;
select is_empty(
  $$ select role, signature
     from unnest(array['anon', 'authenticated', 'service_role']) as role,
       lateral (select oid::regprocedure as signature from pg_proc where pronamespace = 'generation_private'::regnamespace) as p
     where has_function_privilege(role, signature, 'execute')
       and not (
         role = 'service_role'
         and signature::text ~ '((queue_messages|queue_names|stored_assets|entity_results|held_up_lines|standing)\(\)|readable_message\(jsonb\))$'
       )
       and signature::text <> 'generation_private.message_priority(jsonb)' $$,
  'the internals are executed by their owner, but for what the views read and what a sender''s index asks'
);
select is_empty(
  $$ select role from unnest(array['anon', 'authenticated', 'service_role']) as role
     where has_schema_privilege(role, 'generation_private', 'usage') $$,
  'the internals are their owner''s'
);

select * from finish();
rollback;
