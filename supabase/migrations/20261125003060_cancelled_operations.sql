-- A cancelled video may still be made, and paid for: the provider does not know. Its operation is
-- handed to a worker, which tells the provider where that can be told.

alter table public.generation_jobs
  add column if not exists cancellation_pending boolean not null default false,
  add column if not exists cancellation_tries integer not null default 0;
comment on column public.generation_jobs.cancellation_pending is
  'The job is cancelled and its operation may still go on at the provider.';
comment on column public.generation_jobs.cancellation_tries is
  'How often the operation was handed to a worker that may have told the provider.';

create index if not exists generation_jobs_cancellation
  on public.generation_jobs (queue, updated_at)
  where cancellation_pending;

-- Whoever cancels it: a person, or hands that took the message off the queue.
create or replace function generation_private.operation_cancelled()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  new.cancellation_pending := true;
  new.cancellation_tries := 0;
  -- Nobody has to wait for the next run, and nobody's cancellation may fail because of it.
  if to_regprocedure('generation_private.wake(text)') is not null then
    begin
      execute 'select generation_private.wake($1)' using new.queue;
    exception when others then
      raise warning 'no worker was woken to cancel the operation of job %: %', new.id, sqlerrm;
    end;
  end if;
  return new;
end
$$;
comment on function generation_private.operation_cancelled() is
  'Trigger: a job with an operation was cancelled.';
revoke all on function generation_private.operation_cancelled() from public;

create or replace trigger generation_operation_cancelled
  before update of status on public.generation_jobs
  for each row
  when (new.status = 'cancelled' and old.status <> 'cancelled' and new.operation is not null)
  execute function generation_private.operation_cancelled();

create or replace function public.cancelled_generation_operations(
  queue text,
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
  perform generation_private.check_queue(cancelled_generation_operations.queue);
  if quantity is null or quantity not between 0 and 100 then
    raise exception 'quantity: expected 0 to 100 jobs, got %',
      coalesce(quantity::text, 'null') using errcode = '22023';
  end if;

  update public.generation_jobs as j
  set cancellation_pending = false
  where j.id = any (cancelled_generation_operations.told)
    and j.queue = cancelled_generation_operations.queue
    and j.cancellation_pending;

  -- Touching a row hands it to one worker. What that does not confirm goes to another a little later, but
  -- not for ever: a video is made within minutes.
  return query
  with candidates as (
    select j.id
    from public.generation_jobs as j
    where j.queue = cancelled_generation_operations.queue
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
