-- The two queues, and the schema for what is nobody's business outside the database.
--
-- pgmq may be there as an extension (Supabase, PGlite) or as plain SQL (a server that
-- cannot install extensions), so its functions are looked for, not the extension.

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

do $$
declare
  queue text;
begin
  foreach queue in array array['image_generation_queue', 'video_generation_queue'] loop
    if to_regclass(format('pgmq.%I', 'q_' || queue)) is null then
      perform pgmq.create(queue);
    end if;
  end loop;
end
$$;

-- Table names are built from a queue name only after this function has let it through.
create or replace function generation_private.check_queue(queue text)
returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
  if queue is null or queue not in ('image_generation_queue', 'video_generation_queue') then
    raise exception 'queue: expected image_generation_queue or video_generation_queue, got %',
      coalesce(quote_literal(left(queue, 100)), 'null')
      using errcode = '22023';
  end if;
end
$$;
comment on function generation_private.check_queue(text) is
  'Raises 22023 unless the name is one of the two generation queues.';

-- Called by every migration right after it creates a function that PostgREST exposes.
-- Supabase's default privileges may grant execution to anon and authenticated, and
-- PostgreSQL grants it to everybody: both are taken back here. A server without
-- Supabase's roles is fine too.
create or replace function generation_private.only_service_role(callable regprocedure)
returns void
language plpgsql
set search_path = ''
as $$
declare
  role_name text;
begin
  execute format('revoke all on function %s from public', callable);
  for role_name in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
    execute format('revoke all on function %s from %I', callable, role_name);
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    execute format('grant execute on function %s to service_role', callable);
  end if;
end
$$;
comment on function generation_private.only_service_role(regprocedure) is
  'Leaves the execution of a function to its owner and to service_role.';
