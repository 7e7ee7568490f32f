-- Calling workers, when there is work for them and not enough of them are there.
--
-- Calling a function from the database needs pg_cron for the time, pg_net for the call, Vault for the address
-- and the key. The functions are looked for, not the extensions, as with pgmq.

create or replace function generation_private.schedule_requirements()
returns table (missing text, remedy text)
language plpgsql
set search_path = pg_catalog, pg_temp
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
set search_path = pg_catalog, pg_temp
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
set search_path = pg_catalog, pg_temp
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

-- Calling workers for errands too: work that no message on the queue stands for.
--
-- There are two: operations of cancelled jobs that the provider has to be told of, and copies to
-- current objects that a worker has left undone. A worker asks for the first when it begins and when
-- it ends, for the second when it has found its queue empty.

-- The conditions are those of cancelled_generation_operations and unpublished_generation_jobs: who is
-- called finds something, takes it, and by that ends the errand. Only workers of videos ask for
-- operations.
create or replace function generation_private.errands_since(queue_name text)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  moment constant timestamptz := clock_timestamp();
  operations_since timestamptz;
  copies_since timestamptz;
begin
  if queue_name = 'video_generation_queue' then
    -- The first one by each condition. What has been handed out just now is passed over; there is no
    -- more of it than a few minutes bring.
    operations_since := least(
      (
        select j.updated_at
        from public.generation_jobs as j
        where j.queue = queue_name and j.cancellation_pending and j.cancellation_tries = 0
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
      )
    );
  end if;
  select j.updated_at + interval '10 minutes' into copies_since
  from public.generation_jobs as j
  where j.queue = queue_name
    and j.publication_pending
    and j.status = 'succeeded'
    and j.updated_at < moment - interval '10 minutes'
  order by j.updated_at
  limit 1;
  return least(operations_since, copies_since);
end
$$;
comment on function generation_private.errands_since(text) is
  'Since when a worker of the queue is needed although no message waits: for the operation of a cancelled job, or for a '
  'copy left undone. Null: it is not.';

-- Nobody reports how many workers live. What can be seen:
--   waiting  messages that could be taken now;
--   busy     jobs in hand: running, and their message hidden. A worker that died drops out of this
--            when its lease runs out. Divided by the jobs that a worker has in hand at once this is
--            how many workers there are at least;
--   coming   calls that were made since the oldest waiting message became visible, at most
--            debounce_seconds ago. Whoever was called takes the oldest first, so while that one
--            waits, the called worker is on its way. A call that was lost counts no longer than
--            that.
--
-- A worker that has jobs in hand looks at the queue again only when one of them has ended. So what
-- waits needs workers of its own, as many as can have all of it in hand, up to the limit: a message
-- that comes while others are at work gets a worker at once, a thousand messages get as many as are
-- allowed, and what comes before the called ones have begun gets none on top. When a worker has
-- ended before the queue was empty, the next look of the schedule replaces it.
--
-- Errands need one worker, however many there are, and only while nothing waits: whoever is called
-- for messages does them as well. Busy workers do not, for they ask when they end, and a cancelled
-- video costs money until then. So errands are to this as one waiting message, which became visible
-- when the oldest of them was due: within the limit, and not while somebody who was called since then
-- is on the way.
--
-- Being wrong costs little: a worker too many finds nothing and ends, a worker too few is made up
-- for by the next look. That is why nothing here locks anything. Two sessions that send at the same
-- moment may both call; neither waits for the other, and neither relies on the call of a
-- transaction that may yet be rolled back.
create or replace function generation_private.call_workers(queue_name text)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := clock_timestamp();
  queue_table constant text := 'q_' || queue_name;
  settings public.generation_worker_settings;
  most_jobs integer;
  waiting integer;
  waiting_since timestamptz;
  coming integer;
  busy integer;
  needed integer;
  address text;
  key text;
  request_id bigint;
begin
  select * into settings
  from public.generation_worker_settings as s
  where s.queue = queue_name and s.scheduled;
  if not found or to_regclass(format('pgmq.%I', queue_table)) is null then
    return 0;
  end if;

  -- No more is counted than can matter, however long the queue is. The moment is a parameter: with
  -- clock_timestamp() in the statement the index on vt would be of no use.
  most_jobs := settings.most_workers * settings.jobs_per_worker;
  execute format(
    'select count(*), min(first.vt)
       from (select q.vt from pgmq.%I as q where q.vt <= $1 order by q.vt limit $2) as first',
    queue_table
  ) into waiting, waiting_since using moment, most_jobs;
  needed := ceil(waiting::numeric / settings.jobs_per_worker);
  if needed = 0 then
    waiting_since := generation_private.errands_since(queue_name);
    needed := num_nonnulls(waiting_since);
  end if;

  -- Those of this very transaction are on their way for as long as it lasts: it has not sent them.
  select count(*) into coming
  from generation_private.worker_calls as c
  where c.queue = queue_name
    and c.called_at >= greatest(
      waiting_since,
      least(now(), moment - make_interval(secs => settings.debounce_seconds))
    )
    and (
      c.called_at > moment - make_interval(secs => settings.debounce_seconds)
      or c.transaction_id = pg_current_xact_id_if_assigned()
    );
  if coming >= needed then
    return 0;
  end if;

  execute format(
    'select count(*)
       from (
         select
           from public.generation_jobs as job
           join pgmq.%I as q on q.msg_id = job.msg_id
          where job.queue = $1 and job.status = ''running'' and q.vt > $2
          limit $3
       ) as in_hand',
    queue_table
  ) into busy using queue_name, moment, most_jobs;
  needed := least(
    needed, settings.most_workers - ceil(busy::numeric / settings.jobs_per_worker)
  ) - coming;
  if needed <= 0 then
    return 0;
  end if;

  perform generation_private.require_schedule();
  address := rtrim(generation_private.schedule_secret('project_url'), '/')
    || '/functions/v1/' || settings.function_name;
  key := generation_private.schedule_secret('worker_key');
  for number in 1 .. needed loop
    -- Both headers with the same value is what the gateway takes, whatever kind of key it is.
    request_id := net.http_post(
      url := address,
      body := '{}',
      params := '{}',
      headers := jsonb_build_object(
        'content-type', 'application/json',
        'apikey', key,
        'authorization', 'Bearer ' || key,
        'prefer', 'respond-async'
      ),
      timeout_milliseconds := settings.timeout_milliseconds
    );
    insert into generation_private.worker_calls (queue, request_id)
    values (queue_name, request_id);
  end loop;
  return needed;
end
$$;
comment on function generation_private.call_workers(text) is
  'Calls as many workers of a queue as its visible messages need and its settings allow, one for errands when nothing '
  'waits; answers how many. None without an installed schedule. Raises 55000 when an extension or a secret is missing.';

-- For those to whom waking is a favour: whatever goes wrong is no affair of theirs. The schedule
-- meets the same trouble at its next look, and reports it.
create or replace function generation_private.wake(queue_name text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '50ms' -- somebody may be altering a table
as $$
begin
  perform generation_private.call_workers(queue_name);
exception when others then
  null;
end
$$;
comment on function generation_private.wake(text) is
  'Calls workers if they are needed. Never raises, never waits.';

-- As the owner: whoever may send must not need rights on Vault or pg_net.
create or replace function generation_private.messages_arrived()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform generation_private.wake(tg_argv[0]);
  return null;
end
$$;
comment on function generation_private.messages_arrived() is
  'Trigger: messages came into the queue named by the argument; wakes its workers.';

do $$
declare
  queue text;
begin
  foreach queue in array array['image_generation_queue', 'video_generation_queue'] loop
    execute format(
      'create or replace trigger generation_messages_arrived after insert on pgmq.%I
         for each statement execute function generation_private.messages_arrived(%L)',
      'q_' || queue, queue
    );
  end loop;
end
$$;
