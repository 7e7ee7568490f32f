-- Whoever calls our functions must not be able to put words into their mouths.
--
-- With an empty search path PostgreSQL still looks for types and tables among the caller's temporary
-- ones before all others: a domain pg_temp.text with a check of the caller's would run as the owner
-- of the function. So pg_temp is named, at the end. Functions and operators are looked for in
-- pg_catalog alone, as before, and everything else goes by its full name.

create or replace function generation_private.only_service_role(callable regprocedure)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  role_name text;
begin
  -- The views' functions have no search path of their own, or the planner could not inline them.
  if (select p.proconfig is not null from pg_catalog.pg_proc as p where p.oid = callable) then
    execute format('alter function %s set search_path = pg_catalog, pg_temp', callable);
  end if;
  execute format('revoke all on function %s from public', callable);
  for role_name in
    select r.rolname from pg_catalog.pg_roles as r where r.rolname in ('anon', 'authenticated')
  loop
    execute format('revoke all on function %s from %I', callable, role_name);
  end loop;
  if exists (select from pg_catalog.pg_roles as r where r.rolname = 'service_role') then
    execute format('grant execute on function %s to service_role', callable);
  end if;
end
$$;
comment on function generation_private.only_service_role(regprocedure) is
  'Leaves the execution of a function to its owner and to service_role, and its search path to pg_catalog.';
revoke all on function generation_private.only_service_role(regprocedure) from public;

do $$
declare
  callable regprocedure;
begin
  -- link_generated_asset may be a project's own.
  foreach callable in array array[
    'public.claim_generation_jobs(text, integer, integer)',
    'public.extend_generation_lease(text, bigint, integer, integer)',
    'public.begin_generation_submission(text, bigint, integer, text)',
    'public.record_generation_operation(text, bigint, integer, jsonb)',
    'public.complete_generation_job(text, bigint, integer, text, text, text, text, jsonb, numeric)',
    'public.confirm_generation_publication(uuid, jsonb)',
    'public.unpublished_generation_jobs(text, integer)',
    'public.defer_generation_job(text, bigint, integer, double precision, boolean, text, text, boolean)',
    'public.fail_generation_job(text, bigint, integer, text, text, boolean)',
    'public.enqueue_generation_job(text, jsonb, integer)',
    'public.generation_job(uuid)',
    'public.cancel_generation_job(uuid)',
    'public.redrive_generation_jobs(uuid[], text, text, boolean)',
    'public.generation_metrics()',
    'public.prune_generation_jobs(interval, boolean, integer)'
  ]::regprocedure[] loop
    perform generation_private.only_service_role(callable);
  end loop;

  for callable in
    select p.oid
    from pg_catalog.pg_proc as p
    where p.pronamespace = 'generation_private'::regnamespace and p.proconfig = array['search_path=""']
  loop
    execute format('alter function %s set search_path = pg_catalog, pg_temp', callable);
  end loop;
end
$$;

notify pgrst, 'reload schema';
