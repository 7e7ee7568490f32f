-- Cancelling a job, and its operation at the provider.

-- A job that has ended has no message to lock first, so a cancellation must not lock its row either: a redrive holds
-- the row, and the message that comes back may be claimed before the cancellation gets to it. The claim would wait
-- for the row, and the cancellation for the message.
create or replace function public.cancel_generation_job(job_id uuid)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  job public.generation_jobs;
begin
  perform generation_private.check_given('job_id', job_id::text, 'the id of a job');
  select * into job from public.generation_jobs as j where j.id = job_id;
  if not found or job.finished_at is not null then
    return jsonb_build_object('cancelled', false, 'status', job.status);
  end if;

  -- The message first, as everywhere; then the row as it is by now.
  if generation_private.queue_exists(job.queue) then
    perform generation_private.lock_message(job.queue, job.msg_id);
  end if;
  select * into job from public.generation_jobs as j where j.id = job_id for update;
  if not found or job.finished_at is not null then
    return jsonb_build_object('cancelled', false, 'status', job.status);
  end if;

  perform generation_private.end_job(job.id, 'cancelled');
  -- If the job has failed and was redriven meanwhile, its message is another one. The session that holds that waits
  -- for this row, so the message is left to it. A claim archives the message of a cancelled job.
  if generation_private.queue_exists(job.queue)
    and (generation_private.lock_message(job.queue, job.msg_id, skip_locked => true)).msg_id is not null
  then
    perform generation_private.archive_message(job.queue, job.msg_id);
  end if;
  return jsonb_build_object('cancelled', true, 'status', 'cancelled');
end
$$;
comment on function public.cancel_generation_job is
  'Cancels a job that has not ended, at once: its message is archived, and a worker that has it in hand can no longer '
  'write to it. Returns cancelled (true or false) and the status that the job has now (null: no such job).';
select generation_private.grant_to_service_role('execute', 'function public.cancel_generation_job');

-- A cancelled video may still be generated, and paid for: the provider does not know. Its operation is handed to a
-- worker, which cancels it where the provider allows that. It may be recorded after the cancellation.
create index if not exists generation_jobs_cancellation
  on public.generation_jobs (queue, updated_at)
  where cancellation_pending;

create or replace function public.cancelled_generation_operations(
  queue_name text,
  quantity integer,
  told uuid[] default '{}'
)
returns table (job_id uuid, operation jsonb)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform generation_private.check_queue(queue_name);
  perform generation_private.check_between('quantity', quantity, 0, 100, 'jobs');

  update public.generation_jobs as j
  set cancellation_pending = false
  where j.id = any (told) and j.queue = queue_name and j.cancellation_pending;

  -- Touching a row hands it to one worker. A row that this worker does not confirm goes to another a little later, but
  -- not for ever: a video is generated within minutes.
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
  from candidates as c
  where job.id = c.id
  returning job.id, job.operation;
end
$$;
comment on function public.cancelled_generation_operations is
  'Up to quantity (0 to 100) operations of cancelled jobs that are to be cancelled at the provider; each goes to one '
  'worker, which names the job in told of its next call when it has done so. One that is not named is handed out again '
  'after 5 minutes, three times in all.';
select generation_private.grant_to_service_role('execute', 'function public.cancelled_generation_operations');
