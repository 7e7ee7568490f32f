-- When an attempt has no asset: the job is deferred, or has failed.

-- Forgets what was submitted, after the provider said definitely that there is nothing (any more). An operation may
-- have been paid for: its name goes into the history.
create or replace function generation_private.forget_submission(job public.generation_jobs)
returns public.generation_jobs
language plpgsql
as $$
begin
  update public.generation_jobs as j
  set operation = null,
      submitted_at = null,
      submission_started_at = null,
      submission_model = null,
      submission_lease_token = null,
      history = case
        when j.operation is null then j.history
        else generation_private.add_history(
          j.history,
          'operation_discarded',
          jsonb_build_object('operation', j.operation, 'submitted_at', j.submitted_at)
        )
      end
  where j.id = job.id
  returning j.* into job;
  return job;
end
$$;

-- code is null for a job that was not begun, or that waits for its operation: that is no error. Only a job that waits
-- through no fault of its own keeps its turn; one that was in hand when a fair share was set has none yet.
create or replace function generation_private.write_deferral(
  job public.generation_jobs,
  counted boolean,
  code text,
  reason text,
  awaited text,
  spent_usd numeric
)
returns void
language plpgsql
as $$
declare
  due_share constant text := generation_private.share_of(job);
begin
  update public.generation_jobs as j
  set status = case when job.operation is null then 'queued' else 'waiting' end,
      attempts = case when counted then j.attempts else greatest(j.attempts - 1, 0) end,
      waits_for = awaited,
      share = due_share,
      turn = case
        when due_share is null then null
        when counted or j.turn is null or j.own_trouble_lease_token = j.lease_token
          then generation_private.next_turn(j, due_share)
        else j.turn
      end,
      cost_usd = generation_private.add_cost(j.cost_usd, spent_usd),
      error_code = coalesce(code, j.error_code),
      error_message = case when code is null then j.error_message else reason end,
      history = case
        when code is null then j.history
        else generation_private.add_history(
          j.history,
          'deferred',
          jsonb_build_object(
            'attempt', j.attempts, 'counted', counted, 'error_code', code, 'error_message', reason,
            'waits_for', nullif(awaited, ''), 'spent_usd', spent_usd
          )
        )
      end,
      updated_at = clock_timestamp()
  where j.id = job.id;
end
$$;

create or replace function public.defer_generation_job(
  queue_name text,
  msg_id bigint,
  lease_token integer,
  delay_seconds double precision,
  counted boolean,
  error_code text,
  error_message text,
  reset_submission boolean default false,
  waits_for text default null,
  spent_usd numeric default null
)
returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  code constant text := nullif(left(error_code, 100), '');
  reason constant text := left(error_message, 4000);
  locked record;
  job public.generation_jobs;
  delay double precision := delay_seconds;
  awaited text := '';
begin
  perform generation_private.check_between('delay_seconds', delay_seconds, 0, 2592000, 'seconds');
  perform generation_private.check_given('counted', counted::text, 'true or false');
  perform generation_private.check_cost('spent_usd', spent_usd);

  locked := generation_private.lock_job(queue_name, msg_id, lease_token);
  job := locked.job;
  if not locked.held then
    -- True if this very lease has deferred it already and no worker has claimed it since.
    return coalesce(
      job.status in ('queued', 'waiting') and locked.message_read_ct = lease_token, false
    );
  end if;

  if reset_submission then
    job := generation_private.forget_submission(job);
  end if;
  if waits_for is not null then
    awaited := generation_private.awaited_model(waits_for);
    -- Not at once if the model is left as it is because of this very job.
    delay := case when awaited = '' and job.own_trouble_lease_token is distinct from job.lease_token then 0 else delay end;
  end if;
  perform generation_private.write_deferral(job, counted, code, reason, awaited, spent_usd);
  perform generation_private.return_request(job) where not counted and code is null;
  perform generation_private.hide_message(queue_name, msg_id, delay);
  return true;
end
$$;
comment on function public.defer_generation_job is
  'Defers a claimed job, visible again after delay_seconds (0 to 2592000). counted=false takes the attempt back. '
  'error_code and error_message are stored when given. reset_submission forgets the announced submission and the '
  'operation (after a definite rejection or an ended operation; the operation goes into the history). waits_for: the model '
  'in trouble that the job is deferred for; when that stands ok again, the job is visible at once. spent_usd: what the '
  'attempt has probably cost although it brought no asset. The job is waiting if an operation remains, else queued. '
  'False: the lease is not held, nothing changed.';
select generation_private.grant_to_service_role('execute', 'function public.defer_generation_job');

create or replace function public.fail_generation_job(
  queue_name text,
  msg_id bigint,
  lease_token integer,
  error_code text,
  error_message text,
  reset_submission boolean default false,
  spent_usd numeric default null
)
returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  locked record;
  job public.generation_jobs;
begin
  perform generation_private.check_cost('spent_usd', spent_usd);
  perform generation_private.check_given('error_code', error_code, 'why the job has failed');
  locked := generation_private.lock_job(queue_name, msg_id, lease_token);
  job := locked.job;
  if not locked.held then
    return coalesce(job.status = 'failed', false);
  end if;

  if reset_submission then
    job := generation_private.forget_submission(job);
  end if;
  update public.generation_jobs as j
  set cost_usd = generation_private.add_cost(j.cost_usd, spent_usd)
  where j.id = job.id and spent_usd is not null;
  perform generation_private.end_job(job.id, 'failed', left(error_code, 100), left(error_message, 4000));
  perform generation_private.archive_message(queue_name, msg_id);
  return true;
end
$$;
comment on function public.fail_generation_job is
  'Ends a claimed job as failed with this error, and archives its message; redrive_generation_jobs sends it again. An operation '
  'is kept unless reset_submission (then it goes into the history). spent_usd: as in '
  'defer_generation_job. False: the lease is not held, nothing changed.';
select generation_private.grant_to_service_role('execute', 'function public.fail_generation_job');
