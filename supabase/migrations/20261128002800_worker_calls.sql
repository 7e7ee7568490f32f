-- Calling workers, when there is work for them and not enough of them are there.
--
-- The number of live workers is not reported anywhere. What can be seen:
--   waiting  messages that could be claimed now; those that wait for a limit or for a model in trouble could not, but
--            one of them could when the model is to be probed;
--   busy     jobs in hand: running, and their message hidden. A worker that died drops out of this when its lease
--            runs out. Divided by the jobs that a worker has in hand at once this is how many workers there are
--            at least;
--   coming   calls that were made since the oldest waiting message became visible, at most debounce_seconds ago. A
--            called worker takes the oldest first, so while that one waits, the worker is on its way. A call that
--            was lost counts no longer than that.
--
-- A worker that has jobs in hand reads the queue again only when one of them has ended. So what waits needs workers of
-- its own, as many as can have all of it in hand, up to the limit: a message that comes while others are at work
-- gets a worker at once, a thousand messages get as many as are allowed, and what comes before the called ones have
-- begun gets none on top. When a worker has ended before the queue was empty, the schedule replaces it with its next
-- call.
--
-- Maintenance needs one worker, and only while nothing waits: a worker that is called for messages does it as well. So
-- maintenance counts as one waiting message, which became visible when the oldest of it was due: within the limit,
-- and not while a worker that was called since then is on its way. Busy workers do not count, for they do maintenance
-- when they end, and a cancelled video costs money until then.
--
-- A wrong guess does little harm: a worker too many finds nothing and ends, and the next call of the schedule makes up for a
-- worker too few. That is why nothing here locks anything. Two sessions that send at the same moment may both call;
-- neither waits for the other, and neither relies on the call of a transaction that may yet be rolled back.

create table if not exists generation_private.worker_calls (
  queue text not null,
  called_at timestamptz not null default clock_timestamp(),
  request_id bigint not null,
  transaction_id xid8 not null default pg_current_xact_id()
);
comment on table generation_private.worker_calls is
  'Calls of workers in the last day. Rows are only ever added, so that no two calls wait for each other.';
comment on column generation_private.worker_calls.request_id is 'The call in pg_net''s tables.';
comment on column generation_private.worker_calls.transaction_id is
  'The transaction that made it: pg_net sends it when that one is committed.';
create index if not exists worker_calls_time
  on generation_private.worker_calls (queue, called_at);

-- A secret of Vault; null when there is none, or no Vault.
create or replace function generation_private.vault_secret(secret_name text)
returns text
language plpgsql stable
as $$
begin
  if to_regclass('vault.decrypted_secrets') is null then
    return null;
  end if;
  return (select s.decrypted_secret from vault.decrypted_secrets as s where s.name = secret_name);
end
$$;

-- What is missing before a worker can be called on a schedule, and the statement that supplies it: pg_cron for the
-- time, pg_net for the call, Vault for the address and the key. The functions are looked for, not the extensions, as
-- with pgmq. The types of pg_cron's arguments differ between its versions, their number does not.
create or replace function generation_private.schedule_requirements()
returns table (missing text, remedy text)
language plpgsql stable
as $$
begin
  if not exists (
    select
    from pg_proc as p
    where p.pronamespace = to_regnamespace('cron') and p.proname = 'schedule' and p.pronargs = 3
  ) then
    return query select 'the extension pg_cron', 'create extension pg_cron;';
  end if;
  if to_regprocedure('net.http_post(text, jsonb, jsonb, jsonb, integer)') is null then
    return query select 'the extension pg_net', 'create extension pg_net;';
  end if;
  if to_regclass('vault.decrypted_secrets') is null then
    return query select 'the extension supabase_vault', 'create extension supabase_vault;';
  end if;
  return query
  select 'the secret ' || s.name, format('select vault.create_secret(%L, %L);', s.example, s.name)
  from (values
    (1, 'project_url', 'https://PROJECT_REF.supabase.co'), (2, 'worker_key', 'YOUR_SECRET_KEY')
  ) as s (place, name, example)
  where coalesce(generation_private.vault_secret(s.name), '') = ''
  order by s.place;
end
$$;

-- Raises 55000 with the first thing that is missing; the hint is the statement that supplies it.
create or replace function generation_private.require_schedule()
returns void
language plpgsql
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

-- Since when a worker of the queue is needed for maintenance, work that no message stands for; null when it is not.
-- There are two kinds: operations of cancelled jobs, which workers cancel at the provider, and publications that a
-- choice has asked for or a worker has not made. The conditions are those of cancelled_generation_operations and unpublished_generation_jobs: the
-- called worker finds something, takes it, and by that ends the need.
create or replace function generation_private.maintenance_since(queue_name text)
returns timestamptz
language plpgsql stable
as $$
declare
  moment constant timestamptz := clock_timestamp();
begin
  return least(
    (
      select j.updated_at
      from public.generation_jobs as j
      where j.queue = queue_name
        and j.cancellation_pending
        and j.cancellation_tries = 0
      order by j.updated_at
      limit 1
    ),
    (
      select j.updated_at + interval '5 minutes'
      from public.generation_jobs as j
      where j.queue = queue_name
        and j.cancellation_pending
        and j.updated_at < moment - interval '5 minutes'
      order by j.updated_at
      limit 1
    ),
    (select min(p.due_at) from public.generation_publications as p where p.queue = queue_name and p.due_at <= moment)
  );
end
$$;

-- How many workers are called and have not claimed yet. The calls of this very transaction count for as long as it
-- lasts: pg_net has not sent them. Those that seem to come later were made before the clock was set back.
create or replace function generation_private.coming_workers(
  settings public.generation_worker_settings,
  waiting_since timestamptz,
  moment timestamptz
)
returns integer
language plpgsql
as $$
declare
  debounced constant timestamptz := moment - make_interval(secs => settings.debounce_seconds);
begin
  return (
    select count(*)
    from generation_private.worker_calls as c
    where c.queue = settings.queue
      and c.called_at >= greatest(waiting_since, least(now(), debounced))
      and c.called_at <= clock_timestamp()
      and (c.called_at > debounced or c.transaction_id = pg_current_xact_id_if_assigned())
  );
end
$$;

-- Null when there is no project_url.
create or replace function generation_private.function_address(settings public.generation_worker_settings)
returns text
language plpgsql stable
as $$
begin
  return rtrim(generation_private.vault_secret('project_url'), '/') || '/functions/v1/' || settings.function_name;
end
$$;

-- pg_net sends the requests when this transaction is committed.
create or replace function generation_private.post_worker_calls(
  settings public.generation_worker_settings,
  quantity integer
)
returns void
language plpgsql
as $$
declare
  address text;
  key text;
begin
  perform generation_private.require_schedule();
  address := generation_private.function_address(settings);
  key := generation_private.vault_secret('worker_key');
  for number in 1 .. quantity loop
    -- The gateway accepts both headers with the same value, whatever kind of key it is.
    insert into generation_private.worker_calls (queue, request_id)
    values (settings.queue, net.http_post(
      url := address,
      body := '{}',
      params := '{}',
      headers := jsonb_strip_nulls(jsonb_build_object(
        'content-type', 'application/json',
        'apikey', key,
        'authorization', 'Bearer ' || key,
        'prefer', 'respond-async',
        'x-region', settings.region
      )),
      timeout_milliseconds := settings.timeout_milliseconds
    ));
  end loop;
end
$$;

-- Calls as many workers of a queue as its visible messages need and its settings allow, one for maintenance when nothing
-- waits; returns how many. None without an installed schedule. Raises 55000 when an extension or a secret is missing.
create or replace function generation_private.call_workers(queue_name text)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  moment constant timestamptz := clock_timestamp();
  settings public.generation_worker_settings;
  most_jobs integer;
  waiting record;
  needed integer;
  coming integer;
  busy integer;
begin
  select * into settings
  from public.generation_worker_settings as s
  where s.queue = queue_name and s.scheduled;
  if not found or not generation_private.queue_exists(queue_name) then
    return 0;
  end if;

  -- No more is counted than can matter, however long the queue is.
  most_jobs := settings.most_workers * settings.jobs_per_worker;
  waiting := generation_private.waiting_messages(queue_name, moment, most_jobs);
  needed := ceil(waiting.quantity::numeric / settings.jobs_per_worker);
  if needed = 0 then
    waiting.since := generation_private.maintenance_since(queue_name);
    needed := num_nonnulls(waiting.since);
  end if;
  coming := generation_private.coming_workers(settings, waiting.since, moment);
  if coming >= needed then
    return 0;
  end if;

  select count(*) into busy from generation_private.jobs_in_hand(queue_name);
  needed := least(
    needed, settings.most_workers - ceil(busy::numeric / settings.jobs_per_worker)
  ) - coming;
  if needed <= 0 then
    return 0;
  end if;
  perform generation_private.post_worker_calls(settings, needed);
  return needed;
end
$$;

-- For the sessions that send. They are not to fail, or to wait, because of the workers; the schedule meets the same
-- trouble at its next call, and reports it.
create or replace function generation_private.wake(queue_name text)
returns void
language plpgsql
set lock_timeout = '50ms' -- a table may be altered just now
as $$
begin
  perform generation_private.call_workers(queue_name);
exception when others then
  null;
end
$$;

-- As the owner: a sender must not need rights on Vault or pg_net.
create or replace function generation_private.messages_arrived()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform generation_private.wake(tg_argv[0]);
  return null;
end
$$;

create or replace trigger generation_messages_arrived after insert on pgmq.q_image_generation_queue
  for each statement execute function generation_private.messages_arrived('image_generation_queue');
create or replace trigger generation_messages_arrived after insert on pgmq.q_video_generation_queue
  for each statement execute function generation_private.messages_arrived('video_generation_queue');
