-- Every function and table that we put where PostgREST looks is decided on: service_role or nobody.
begin;
select plan(12);

create temporary view ours as
select p.oid::regprocedure as signature, p.proname, p.prosecdef, p.proconfig, p.proacl,
  obj_description(p.oid, 'pg_proc') as comment
from pg_proc as p
where p.pronamespace = 'public'::regnamespace
  and (p.proname like '%generation%' or p.proname = 'link_generated_asset');

select is((select array_agg(proname::text order by proname) from ours), array[
  'begin_generation_submission', 'cancel_generation_job', 'cancelled_generation_operations',
  'claim_generation_jobs', 'complete_generation_job', 'confirm_generation_publication',
  'defer_generation_job', 'enqueue_generation_job', 'extend_generation_lease', 'fail_generation_job',
  'generation_job', 'generation_metrics', 'link_generated_asset',
  'record_generation_operation', 'redrive_generation_jobs', 'unpublished_generation_jobs'
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
  $$ select signature from ours where not prosecdef or proconfig is distinct from array['search_path=""'] $$,
  'they run as their owner, with no search path'
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

select is_empty(
  $$ select role, privilege
     from unnest(array['anon', 'authenticated']) as role,
       unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) as privilege
     where has_table_privilege(role, 'public.generation_jobs', privilege) $$,
  'the ledger is closed to anon and authenticated'
);
select is_empty(
  $$ select privilege from unnest(array['insert', 'update', 'delete', 'truncate']) as privilege
     where has_table_privilege('service_role', 'public.generation_jobs', privilege) $$,
  'service_role changes it through functions only'
);
select ok(
  relrowsecurity and has_table_privilege('service_role', oid, 'select'), 'it reads it, and row security is on'
) from pg_class where oid = 'public.generation_jobs'::regclass;
select is_empty(
  $$ select role, relation
     from unnest(array['anon', 'authenticated']) as role,
       unnest(array['pgmq.image_generation_queue', 'pgmq.video_generation_queue']) as relation
     where has_table_privilege(role, relation, 'select') $$,
  'the views are closed to them too'
);
select is_empty(
  $$ select role from unnest(array['anon', 'authenticated', 'service_role']) as role
     where has_schema_privilege(role, 'generation_private', 'usage') $$,
  'the internals are nobody''s'
);

select * from finish();
rollback;
