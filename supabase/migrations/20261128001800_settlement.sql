-- When a job is not done: again after a delay, or never.

create or replace function generation_private.without_submission(job public.generation_jobs)
returns public.generation_jobs
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if job.operation is not null then
    -- It may have been paid for: never forget its name.
    job.history := generation_private.add_history(
      job.history,
      'operation_discarded',
      jsonb_build_object('operation', job.operation, 'submitted_at', job.submitted_at)
    );
  end if;
  job.operation := null;
  job.submitted_at := null;
  job.submission_started_at := null;
  job.submission_model := null;
  job.submission_lease_token := null;
  return job;
end
$$;
comment on function generation_private.without_submission(public.generation_jobs) is
  'The job as if nothing had been submitted; an operation goes into the history.';

create or replace function public.defer_generation_job(
  queue_name text,
  msg_id bigint,
  lease_token integer,
  delay_seconds double precision,
  counted boolean,
  error_code text,
  error_message text,
  reset_submission boolean default false
)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  locked record;
  job public.generation_jobs;
  code constant text := nullif(left(defer_generation_job.error_code, 100), '');
  reason constant text := left(defer_generation_job.error_message, 4000);
begin
  -- NaN is greater than every number, so it is refused as well.
  if delay_seconds is null or not (delay_seconds >= 0 and delay_seconds <= 2592000) then
    raise exception 'delay_seconds: expected 0 to 2592000 seconds, got %',
      coalesce(delay_seconds::text, 'null') using errcode = '22023';
  end if;
  if counted is null then
    raise exception 'counted: expected true or false, got null' using errcode = '22023';
  end if;

  select * into locked from generation_private.lock_job(
    queue_name, defer_generation_job.msg_id, defer_generation_job.lease_token
  );
  job := locked.job;
  if not locked.held then
    -- True if this very lease has deferred it already and nobody has claimed it since.
    return coalesce(
      job.status in ('queued', 'waiting')
        and locked.message_read_ct = defer_generation_job.lease_token,
      false
    );
  end if;

  if coalesce(reset_submission, false) then
    job := generation_private.without_submission(job);
  end if;
  if code is not null then
    job.history := generation_private.add_history(
      job.history,
      'deferred',
      jsonb_build_object(
        'attempt', job.attempts, 'counted', counted, 'error_code', code, 'error_message', reason
      )
    );
  end if;

  update public.generation_jobs as j
  set status = case when job.operation is null then 'queued' else 'waiting' end,
      attempts = case when counted then j.attempts else greatest(j.attempts - 1, 0) end,
      error_code = coalesce(code, j.error_code),
      error_message = case when code is null then j.error_message else reason end,
      operation = job.operation,
      submitted_at = job.submitted_at,
      submission_started_at = job.submission_started_at,
      submission_model = job.submission_model,
      submission_lease_token = job.submission_lease_token,
      history = job.history,
      updated_at = clock_timestamp()
  where j.id = job.id;
  execute format(
    'update pgmq.%I as q set vt = clock_timestamp() + make_interval(secs => $2) where q.msg_id = $1',
    'q_' || queue_name
  ) using defer_generation_job.msg_id, delay_seconds;
  return true;
end
$$;
comment on function public.defer_generation_job(
  text, bigint, integer, double precision, boolean, text, text, boolean
) is
  'Gives a claimed job back, visible again after delay_seconds (0 to 2592000). counted=false takes the attempt back. '
  'error_code and error_message are stored when given. reset_submission forgets the announced submission and the '
  'operation (after a definite rejection or an ended operation; the operation goes into the history). The job is waiting '
  'if an operation remains, else queued. False: the lease is not held, nothing changed.';
select generation_private.only_service_role(
  'public.defer_generation_job(text, bigint, integer, double precision, boolean, text, text, boolean)'
);

create or replace function public.fail_generation_job(
  queue_name text,
  msg_id bigint,
  lease_token integer,
  error_code text,
  error_message text,
  reset_submission boolean default false
)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  locked record;
  job public.generation_jobs;
begin
  if coalesce(fail_generation_job.error_code, '') = '' then
    raise exception 'error_code: expected why the job has failed, got nothing' using errcode = '22023';
  end if;

  select * into locked from generation_private.lock_job(
    queue_name, fail_generation_job.msg_id, fail_generation_job.lease_token
  );
  job := locked.job;
  if not locked.held then
    return coalesce(job.status = 'failed', false);
  end if;

  if coalesce(reset_submission, false) then
    job := generation_private.without_submission(job);
  end if;
  update public.generation_jobs as j
  set status = 'failed',
      error_code = left(fail_generation_job.error_code, 100),
      error_message = left(fail_generation_job.error_message, 4000),
      operation = job.operation,
      submitted_at = job.submitted_at,
      submission_started_at = job.submission_started_at,
      submission_model = job.submission_model,
      submission_lease_token = job.submission_lease_token,
      history = job.history,
      finished_at = clock_timestamp(),
      updated_at = clock_timestamp()
  where j.id = job.id;
  perform pgmq.archive(queue_name, fail_generation_job.msg_id);
  return true;
end
$$;
comment on function public.fail_generation_job(text, bigint, integer, text, text, boolean) is
  'Gives a claimed job up: failed with this error, message archived; redrive_generation_jobs sends it again. An operation '
  'is kept unless reset_submission (then it goes into the history). False: the lease is not held, nothing changed.';
select generation_private.only_service_role(
  'public.fail_generation_job(text, bigint, integer, text, text, boolean)'
);
