-- Cancelling a job, and telling the provider.

-- A job that has ended has no message to lock first, so a cancellation must not lock its row either: a redrive
-- holds the row, and the message that comes back may be claimed before the cancellation gets to it. The claim
-- would wait for the row, and the cancellation for the message.
create or replace function public.cancel_generation_job(job_id uuid)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  job public.generation_jobs;
  queue_table text;
  held_msg_id bigint;
begin
  if cancel_generation_job.job_id is null then
    raise exception 'job_id: expected the id of a job, got null' using errcode = '22023';
  end if;
  select * into job from public.generation_jobs where id = cancel_generation_job.job_id;
  if not found or job.status not in ('queued', 'running', 'waiting') then
    return jsonb_build_object('cancelled', false, 'status', job.status);
  end if;

  -- The message first, as everywhere; then the row as it is by now.
  queue_table := format('pgmq.%I', 'q_' || job.queue);
  if to_regclass(queue_table) is not null then
    execute format('select from %s as q where q.msg_id = $1 for update', queue_table)
      using job.msg_id;
  end if;
  select * into job
  from public.generation_jobs
  where id = cancel_generation_job.job_id
  for update;
  if not found or job.status not in ('queued', 'running', 'waiting') then
    return jsonb_build_object('cancelled', false, 'status', job.status);
  end if;

  update public.generation_jobs as j
  set status = 'cancelled', finished_at = clock_timestamp(), updated_at = clock_timestamp()
  where j.id = job.id;
  if to_regclass(queue_table) is not null then
    -- Failed and redriven since the job was looked at, its message is another one: whoever holds
    -- that waits for this row, so it is left to them. A claim archives what was cancelled.
    execute format('select q.msg_id from %s as q where q.msg_id = $1 for update skip locked', queue_table)
      into held_msg_id using job.msg_id;
    if held_msg_id is not null then
      perform pgmq.archive(job.queue, held_msg_id);
    end if;
  end if;
  return jsonb_build_object('cancelled', true, 'status', 'cancelled');
end
$$;
comment on function public.cancel_generation_job(uuid) is
  'Cancels a job that has not ended, at once: its message is archived, and a worker that has it in hand can no longer '
  'write to it. Answers cancelled (true or false) and the status that the job has now (null: no such job).';
select generation_private.only_service_role('public.cancel_generation_job(uuid)');

-- A cancelled video may still be made, and paid for: the provider does not know. Its operation is handed to a
-- worker, which tells the provider where that can be told.
create index if not exists generation_jobs_cancellation
  on public.generation_jobs (queue, updated_at)
  where cancellation_pending;

-- The trigger of before marks the row, and cannot wake a worker: none sees yet what it has marked.
create or replace function generation_private.operation_cancelled()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  new.cancellation_pending := true;
  new.cancellation_tries := 0;
  return new;
end
$$;
comment on function generation_private.operation_cancelled() is
  'Trigger: a job with an operation is cancelled; the provider is to be told.';

create or replace trigger generation_operation_cancelled
  before update of status on public.generation_jobs
  for each row
  when (new.status = 'cancelled' and old.status <> 'cancelled' and new.operation is not null)
  execute function generation_private.operation_cancelled();

create or replace function generation_private.cancellation_arrived()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Nobody has to wait for the next run, and nobody's cancellation may fail because of it.
  perform generation_private.wake(new.queue);
  return null;
exception when others then
  raise warning 'no worker was woken to cancel the operation of job %: %', new.id, sqlerrm;
  return null;
end
$$;
comment on function generation_private.cancellation_arrived() is
  'Trigger: a job with an operation was cancelled; wakes a worker, which tells the provider.';

create or replace trigger generation_cancellation_arrived
  after update of status on public.generation_jobs
  for each row
  when (new.status = 'cancelled' and old.status <> 'cancelled' and new.operation is not null)
  execute function generation_private.cancellation_arrived();

create or replace function public.cancelled_generation_operations(
  queue_name text,
  quantity integer,
  told uuid[] default '{}'
)
returns table (job_id uuid, operation jsonb)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  perform generation_private.check_queue(queue_name);
  if quantity is null or quantity not between 0 and 100 then
    raise exception 'quantity: expected 0 to 100 jobs, got %',
      coalesce(quantity::text, 'null') using errcode = '22023';
  end if;

  update public.generation_jobs as j
  set cancellation_pending = false
  where j.id = any (cancelled_generation_operations.told)
    and j.queue = queue_name
    and j.cancellation_pending;

  -- Touching a row hands it to one worker. What that does not confirm goes to another a little later, but
  -- not for ever: a video is made within minutes.
  return query
  with candidates as (
    select j.id
    from public.generation_jobs as j
    where j.queue = queue_name
      and j.cancellation_pending
      and (j.cancellation_tries = 0 or j.updated_at < clock_timestamp() - interval '5 minutes')
    order by j.updated_at
    limit quantity
    for update skip locked
  )
  update public.generation_jobs as job
  set cancellation_tries = job.cancellation_tries + 1,
      cancellation_pending = job.cancellation_tries < 2,
      updated_at = clock_timestamp()
  from candidates
  where job.id = candidates.id
  returning job.id, job.operation;
end
$$;
comment on function public.cancelled_generation_operations(text, integer, uuid[]) is
  'Up to quantity (0 to 100) operations of cancelled jobs that the provider has to be told of; each goes to one worker, '
  'which names the jobs in its next call when it has told it. One that is not named is handed out again after 5 minutes, '
  'three times in all.';
select generation_private.only_service_role('public.cancelled_generation_operations(text, integer, uuid[])');
