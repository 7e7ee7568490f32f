-- What everything else lives in: pgmq, a schema for the internals, and who may use what.

-- pgmq may be there as an extension (Supabase, PGlite) or as plain SQL (a server that cannot install
-- extensions), so its functions are looked for, not the extension.
do $$
begin
  if to_regprocedure('pgmq.create(text)') is null then
    if not exists (select from pg_available_extensions where name = 'pgmq') then
      raise exception 'pgmq is needed, but this server neither has its functions nor offers the extension'
        using hint = 'Install pgmq (https://github.com/pgmq/pgmq) 1.5.1 or later, then run the migrations again.';
    end if;
    create extension pgmq;
  end if;
end
$$;

create schema if not exists generation_private;
revoke all on schema generation_private from public;
comment on schema generation_private is
  'Internals of the generation queue: helpers of the functions in public. Not exposed by PostgREST.';

-- Supabase's default privileges let anon and authenticated execute each new function, and read each new
-- view; PostgreSQL itself lets everybody. The migrations are applied file by file, and one that stops
-- half-way must leave nothing open: so each function and view is closed right where it is created. A
-- server without Supabase's roles is fine too.
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

create or replace function generation_private.only_service_role_reads(relation regclass)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  role_name text;
begin
  execute format('revoke all on table %s from public', relation);
  for role_name in
    select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
  loop
    execute format('revoke all on table %s from %I', relation, role_name);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    execute format('grant select on table %s to service_role', relation);
  end if;
end
$$;
comment on function generation_private.only_service_role_reads(regclass) is
  'Leaves a view or table to its owner, and the reading of it to service_role.';

-- Raised with each change of a function, table or view that a worker or the command line uses.
create or replace function public.generation_schema_version()
returns integer
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select 1
$$;
comment on function public.generation_schema_version() is
  'Which schema the migrations have made: a number that goes up when workers or tools of an older version would miss something.';
select generation_private.only_service_role('public.generation_schema_version()');
