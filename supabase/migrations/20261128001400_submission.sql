-- A video, or an image in the background, is paid for when it is submitted, and the provider knows no idempotency key.
-- So the intent is written before the submission and the operation right after it: a worker that finds an intent
-- without an operation must not submit again.

create or replace function public.begin_generation_submission(
  queue_name text,
  msg_id bigint,
  lease_token integer,
  model text,
  passed_over text default null
)
returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  locked record;
  job public.generation_jobs;
begin
  perform generation_private.check_given('model', model, 'the name of the model');
  perform generation_private.check_length('model', model, 256);
  locked := generation_private.lock_job(queue_name, msg_id, lease_token);
  job := locked.job;
  if not locked.held or job.operation is not null then
    return false;
  end if;
  -- Another lease announced a submission whose outcome is unknown.
  if job.submission_started_at is not null
    and job.submission_lease_token is distinct from begin_generation_submission.lease_token
  then
    return false;
  end if;
  update public.generation_jobs as j
  set submission_started_at = clock_timestamp(),
      history = case
        when (j.submission_model, j.submission_lease_token)
          is not distinct from (begin_generation_submission.model, begin_generation_submission.lease_token)
          then j.history -- announced before
        else generation_private.add_passing_over(j.history, passed_over, begin_generation_submission.model)
      end,
      submission_model = begin_generation_submission.model,
      submission_lease_token = begin_generation_submission.lease_token,
      updated_at = clock_timestamp()
  where j.id = job.id;
  return true;
end
$$;
comment on function public.begin_generation_submission is
  'Announces a paid submission to a model. Only after true may it be made. The same lease may announce again, for the '
  'next model after a definite rejection. passed_over: which models were in trouble, and why, for the history. False: the '
  'lease is not held, an operation is recorded already, or an earlier lease announced a submission of which nothing is '
  'known.';
select generation_private.grant_to_service_role('execute', 'function public.begin_generation_submission');

create or replace function public.record_generation_operation(
  queue_name text,
  msg_id bigint,
  lease_token integer,
  operation jsonb
)
returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  locked record;
  job public.generation_jobs;
begin
  if jsonb_typeof(operation) is distinct from 'object' then
    raise exception 'operation: expected a JSON object that identifies the operation at the provider, got %',
      coalesce(jsonb_typeof(operation), 'null') using errcode = '22023';
  end if;
  perform generation_private.check_length('operation', operation::text, 65536);
  if jsonb_typeof(operation -> 'cancelled_usd') = 'number' then
    perform generation_private.check_cost('operation.cancelled_usd', (operation ->> 'cancelled_usd')::numeric);
  end if;
  locked := generation_private.lock_job(queue_name, msg_id, lease_token);
  job := locked.job;
  if not locked.held then
    -- Cancelled while the submission was on its way: what it began is cancelled at the provider as well.
    update public.generation_jobs as j
    set operation = record_generation_operation.operation,
        submitted_at = clock_timestamp(),
        cancellation_pending = true,
        cost_usd = generation_private.cost_when_cancelled(j.cost_usd, record_generation_operation.operation),
        updated_at = clock_timestamp()
    where j.id = job.id
      and j.status = 'cancelled'
      and j.operation is null
      and j.submission_lease_token = record_generation_operation.lease_token;
    if found then
      perform generation_private.wake(queue_name);
    end if;
    return false;
  end if;
  if job.operation = record_generation_operation.operation then
    return true; -- recorded before: it keeps its age
  end if;
  update public.generation_jobs as j
  set operation = record_generation_operation.operation,
      submitted_at = clock_timestamp(),
      history = case
        when j.operation is null then j.history
        else generation_private.add_history(
          j.history,
          'operation_replaced',
          jsonb_build_object('operation', j.operation, 'submitted_at', j.submitted_at)
        )
      end,
      updated_at = clock_timestamp()
  where j.id = job.id;
  perform generation_private.model_served(job, job.submission_model, finished => false);
  return true;
end
$$;
comment on function public.record_generation_operation is
  'Records the operation that the provider answered a submission with, so that any later run can poll it. Recording the '
  'same operation again keeps its time. Its cancelled_usd, if it has one, is what it costs although its job is '
  'cancelled, in US dollars. False: the lease is not held, nothing changed, except that the operation of a '
  'job that was cancelled during the submission is recorded, to be cancelled at the provider.';
select generation_private.grant_to_service_role('execute', 'function public.record_generation_operation');
