-- What calling a function from the database needs: pg_cron for the time, pg_net for the call, Vault
-- for the address and the key. The functions are looked for, not the extensions, as with pgmq.

create or replace function generation_private.schedule_requirements()
returns table (missing text, remedy text)
language plpgsql
set search_path = ''
as $$
declare
  secret record;
  known boolean;
begin
  -- The types of pg_cron's arguments differ between its versions, their number does not.
  if not exists (
    select from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = 'cron' and p.proname = 'schedule' and p.pronargs = 3
  ) then
    missing := 'the extension pg_cron';
    remedy := 'create extension pg_cron;';
    return next;
  end if;
  if to_regprocedure('net.http_post(text, jsonb, jsonb, jsonb, integer)') is null then
    missing := 'the extension pg_net';
    remedy := 'create extension pg_net;';
    return next;
  end if;
  if to_regclass('vault.decrypted_secrets') is null then
    missing := 'the extension supabase_vault';
    remedy := 'create extension supabase_vault;';
    return next;
  end if;

  for secret in
    select *
    from (values
      (1, 'project_url', 'https://PROJECT_REF.supabase.co'), (2, 'worker_key', 'YOUR_SECRET_KEY')
    ) as s (place, name, example)
    order by s.place
  loop
    known := false;
    if to_regclass('vault.decrypted_secrets') is not null then
      known := coalesce(generation_private.schedule_secret(secret.name), '') <> '';
    end if;
    if not known then
      missing := 'the secret ' || secret.name;
      remedy := format('select vault.create_secret(%L, %L);', secret.example, secret.name);
      return next;
    end if;
  end loop;
end
$$;
comment on function generation_private.schedule_requirements() is
  'What is missing before a function can be called on a schedule, and the statement that mends it. No row: nothing.';

create or replace function generation_private.schedule_secret(name text)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  return (
    select s.decrypted_secret from vault.decrypted_secrets as s where s.name = schedule_secret.name
  );
end
$$;
comment on function generation_private.schedule_secret(text) is 'A secret of Vault by its name, or null.';

create or replace function generation_private.require_schedule()
returns void
language plpgsql
set search_path = ''
as $$
declare
  gap record;
begin
  select * into gap from generation_private.schedule_requirements() limit 1;
  if found then
    raise exception 'the database cannot call the workers: % is missing', gap.missing
      using errcode = '55000', hint = gap.remedy;
  end if;
end
$$;
comment on function generation_private.require_schedule() is
  'Raises 55000 with the first thing that is missing; the hint is the statement that mends it.';

revoke all on all functions in schema generation_private from public;
