-- Calling workers, when there is work for them and not enough of them are there.
--
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
-- Being wrong costs little: a worker too many finds nothing and ends, a worker too few is made up
-- for by the next look. That is why nothing here locks anything. Two sessions that send at the same
-- moment may both call; neither waits for the other, and neither relies on the call of a
-- transaction that may yet be rolled back.

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

create or replace function generation_private.call_workers(queue text)
returns integer
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := clock_timestamp();
  queue_table constant text := 'q_' || call_workers.queue;
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
  where s.queue = call_workers.queue and s.scheduled;
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

  -- Those of this very transaction are on their way for as long as it lasts: it has not sent them.
  select count(*) into coming
  from generation_private.worker_calls as c
  where c.queue = call_workers.queue
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
  ) into busy using call_workers.queue, moment, most_jobs;
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
    values (call_workers.queue, request_id);
  end loop;
  return needed;
end
$$;
comment on function generation_private.call_workers(text) is
  'Calls as many workers of a queue as its visible messages need and its settings allow; answers how many. None without '
  'an installed schedule. Raises 55000 when an extension or a secret is missing.';

-- For those to whom waking is a favour: whatever goes wrong is no affair of theirs. The schedule
-- meets the same trouble at its next look, and reports it.
create or replace function generation_private.wake(queue text)
returns void
language plpgsql
set search_path = ''
set lock_timeout = '50ms' -- somebody may be altering a table
as $$
begin
  perform generation_private.call_workers(wake.queue);
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
set search_path = ''
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

revoke all on all functions in schema generation_private from public;
