-- Sending again without standing in anybody's way: the queues before the rows (see lock_queues).

create or replace function public.redrive_generation_jobs(
  job_ids uuid[] default null,
  error_code text default null,
  queue text default null,
  forget_operation boolean default false
)
returns setof uuid
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  job public.generation_jobs;
begin
  if redrive_generation_jobs.job_ids is null
    and redrive_generation_jobs.error_code is null
    and redrive_generation_jobs.queue is null
  then
    raise exception 'expected job_ids, error_code or queue: which failed jobs to send again'
      using errcode = '22023';
  end if;
  if exists (select from unnest(redrive_generation_jobs.job_ids) as wanted where wanted is null) then
    raise exception 'job_ids: expected ids of jobs, got null among them' using errcode = '22023';
  end if;
  if redrive_generation_jobs.error_code = '' then
    raise exception 'error_code: expected the code of failed jobs, got nothing' using errcode = '22023';
  end if;
  if redrive_generation_jobs.queue is not null then
    perform generation_private.check_queue(redrive_generation_jobs.queue);
  end if;

  perform generation_private.lock_queues();
  for job in
    select *
    from public.generation_jobs as j
    where j.status = 'failed'
      and (redrive_generation_jobs.job_ids is null or j.id = any (redrive_generation_jobs.job_ids))
      and (redrive_generation_jobs.error_code is null or j.error_code = redrive_generation_jobs.error_code)
      and (redrive_generation_jobs.queue is null or j.queue = redrive_generation_jobs.queue)
    order by j.enqueued_at, j.msg_id
    for update
  loop
    if coalesce(redrive_generation_jobs.forget_operation, false) and job.operation is not null then
      job := generation_private.without_submission(job);
      update public.generation_jobs as j
      set operation = null, submitted_at = null, history = job.history
      where j.id = job.id;
    end if;
    perform generation_private.return_message(job);
    return next job.id;
  end loop;
end
$$;
comment on function public.redrive_generation_jobs(uuid[], text, text, boolean) is
  'Sends failed jobs again: those with these ids, this error_code, of this queue (every condition given has to hold). Same '
  'job, same message, same place in the order; attempts start at 0, the error goes into the history, an announced '
  'submission without an operation is forgotten, an operation is polled on. forget_operation: the operation is given up '
  '(its name stays in the history), so that the video is submitted, and paid for, again. Answers the ids of the jobs sent again.';
select generation_private.only_service_role('public.redrive_generation_jobs(uuid[], text, text, boolean)');
