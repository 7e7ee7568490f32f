-- Sending failed jobs again, as the same jobs at the same place in the order: what was generated for them is found by
-- their id, and what was enqueued after them still wins over them.

-- Makes a failed job live again and its message visible.
create or replace function generation_private.requeue_message(job public.generation_jobs)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  message_id constant bigint := generation_private.free_message_id(job.queue, job.msg_id);
begin
  -- The row before the message: the trigger then sees that this message is known.
  update public.generation_jobs as j
  set status = case when j.operation is null then 'queued' else 'waiting' end,
      msg_id = message_id,
      attempts = 0,
      deaths = 0,
      error_code = null,
      error_message = null,
      history = generation_private.add_history(
        j.history,
        'redriven',
        jsonb_build_object(
          'attempts', j.attempts,
          'error_code', j.error_code,
          'error_message', j.error_message,
          'finished_at', j.finished_at
        )
      ),
      submission_started_at = case when j.operation is not null then j.submission_started_at end,
      submission_model = case when j.operation is not null then j.submission_model end,
      submission_lease_token = case when j.operation is not null then j.submission_lease_token end,
      pending_since = clock_timestamp(),
      troubles = 0,
      waits_for = '',
      started_at = null,
      finished_at = null,
      updated_at = clock_timestamp()
  where j.id = job.id;
  perform generation_private.return_message(job, message_id);
end
$$;

create or replace function public.redrive_generation_jobs(
  job_ids uuid[] default null,
  error_code text default null,
  queue_name text default null,
  forget_operation boolean default false
)
returns setof uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  job public.generation_jobs;
begin
  if num_nonnulls(job_ids, error_code, queue_name) = 0 then
    raise exception 'expected job_ids, error_code or queue_name: which failed jobs to send again'
      using errcode = '22023';
  end if;
  if exists (select from unnest(job_ids) as wanted where wanted is null) then
    raise exception 'job_ids: expected ids of jobs, got null among them' using errcode = '22023';
  end if;
  if error_code = '' then
    raise exception 'error_code: expected the code of failed jobs, got nothing' using errcode = '22023';
  end if;
  if queue_name is not null then
    perform generation_private.check_queue(queue_name);
  end if;

  perform generation_private.lock_queues();
  for job in
    select *
    from public.generation_jobs as j
    where j.status = 'failed'
      and (job_ids is null or j.id = any (job_ids))
      and (redrive_generation_jobs.error_code is null or j.error_code = redrive_generation_jobs.error_code)
      and (queue_name is null or j.queue = queue_name)
    order by j.enqueued_at, j.msg_id
    for update
  loop
    if forget_operation and job.operation is not null then
      job := generation_private.forget_submission(job);
    end if;
    perform generation_private.requeue_message(job);
    return next job.id;
  end loop;
end
$$;
comment on function public.redrive_generation_jobs is
  'Sends failed jobs again: those with these ids, this error_code, of this queue (every condition given has to hold). Same '
  'job, same message, same place in the order; attempts start at 0, the error goes into the history, an announced '
  'submission without an operation is forgotten, an operation is polled on. forget_operation: the operation is given up '
  '(its name stays in the history), so that the video is submitted, and paid for, again. Returns the ids of the jobs sent again.';
select generation_private.grant_to_service_role('execute', 'function public.redrive_generation_jobs');
