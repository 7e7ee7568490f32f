-- pgmq, a schema for the internals, and who may use what.

-- pgmq may be present as an extension (Supabase, PGlite) or as plain SQL (a server that cannot install
-- extensions). So its functions are looked for, not the extension.
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

-- A function that anyone but these functions can enter names its search path: it is in public, runs as its owner, is a
-- trigger's, pg_cron's, or that of a view or an index. What is behind it has the same path; naming it again would take
-- as long as the rest of a short function.
create schema if not exists generation_private;
revoke all on schema generation_private from public;
comment on schema generation_private is
  'Internals of the generation queue: helpers of the functions in public. Not exposed by PostgREST.';

-- Supabase's default privileges open each new function, table, view and sequence to anon and authenticated. The files
-- are applied one by one, and a deployment that stops halfway must leave nothing open: so each object of
-- public is closed right where it is created, a table with the sequences of its columns. A server without Supabase's
-- roles is fine too.
create or replace function generation_private.grant_to_service_role(privileges text, object text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  roles constant text := (
    select concat_ws(', ', 'public', string_agg(quote_ident(r.rolname), ', '))
    from pg_roles as r
    where r.rolname in ('anon', 'authenticated', 'service_role')
  );
  sequence_name regclass;
begin
  execute format('revoke all on %s from %s', object, roles);
  if object like 'table %' then
    for sequence_name in
      select s.oid
      from pg_depend as d
      join pg_class as s on s.oid = d.objid and s.relkind = 'S'
      where d.classid = 'pg_class'::regclass
        and d.refobjid = substr(object, length('table ') + 1)::regclass
        and d.deptype in ('a', 'i')
    loop
      execute format('revoke all on sequence %s from %s', sequence_name, roles);
    end loop;
  end if;
  if to_regrole('service_role') is not null then
    execute format('grant %s on %s to service_role', privileges, object);
  end if;
end
$$;

-- From the first release on, raised with each change of a function, table or view that a worker or the command line uses.
create or replace function public.generation_schema_version()
returns integer
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select 1
$$;
comment on function public.generation_schema_version is
  'Which schema the migrations have made: a number that goes up when workers or tools of an older version would miss something.';
select generation_private.grant_to_service_role('execute', 'function public.generation_schema_version');
