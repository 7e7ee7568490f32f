-- Sending failed jobs again, as the same jobs at the same place in the order: what was generated for them is found by
-- their id, and what was enqueued after them still wins over them.

-- Makes a failed job live again and its message visible.
create or replace function generation_private.requeue_message(job public.generation_jobs)
returns void
language plpgsql
as $$
declare
  message_id constant bigint := generation_private.free_message_id(job.queue, job.msg_id);
  due_share constant text := generation_private.share_of(job);
begin
  perform generation_private.correct_counts(job, -1, -job.cost_usd);
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
      share = due_share,
      turn = case
        when due_share is not null then coalesce(j.turn, generation_private.next_turn(j, due_share))
      end,
      pending_since = clock_timestamp(),
      troubles = 0,
      own_troubles = 0,
      waits_for = '',
      started_at = null,
      finished_at = null,
      updated_at = clock_timestamp()
  where j.id = job.id;
  perform generation_private.return_message(job, message_id);
end
$$;

-- Whether a submission of the job was announced whose operation is not known: it may have been paid for.
create or replace function generation_private.may_be_paid(job public.generation_jobs)
returns boolean
language sql immutable
return job.submission_started_at is not null and job.operation is null;

create or replace function generation_private.check_choice(job_ids uuid[], error_code text, queue_name text)
returns void
language plpgsql immutable
as $$
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
  perform generation_private.check_choice(job_ids, error_code, queue_name);
  perform generation_private.lock_queues();
  for job in
    select *
    from public.generation_jobs as j
    where j.status = 'failed'
      and (forget_operation is true or not generation_private.may_be_paid(j))
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
  'job, same message, same place in the order; attempts start at 0, the error goes into the history, an operation is '
  'polled on. A job whose submission was announced and whose operation is not known is left out, whatever its '
  'error_code: it may have been paid for. forget_operation: what was submitted is given up (an operation stays in the '
  'history), so that the video is submitted, and paid for, again. Returns the ids of the jobs sent again; '
  'generation_jobs_left_out says which were not.';
select generation_private.grant_to_service_role('execute', 'function public.redrive_generation_jobs');

create or replace function public.generation_jobs_left_out(
  job_ids uuid[] default null,
  error_code text default null,
  queue_name text default null
)
returns table (job_id uuid, reason text)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform generation_private.check_choice(job_ids, error_code, queue_name);
  return query
  select j.id,
    format(
      'it may have been paid for: a submission to %s was announced at %s, and no operation was recorded',
      j.submission_model, to_char(j.submission_started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    )
  from public.generation_jobs as j
  where j.status = 'failed'
    and generation_private.may_be_paid(j)
    and (job_ids is null or j.id = any (job_ids))
    and (generation_jobs_left_out.error_code is null or j.error_code = generation_jobs_left_out.error_code)
    and (queue_name is null or j.queue = queue_name)
  order by j.enqueued_at, j.msg_id;

  return query
  select named.id, coalesce('it is ' || j.status, 'there is no such job')
  from unnest(job_ids) with ordinality as named (id, place)
  left join public.generation_jobs as j on j.id = named.id
  where j.status is distinct from 'failed'
  order by named.place;
end
$$;
comment on function public.generation_jobs_left_out is
  'The jobs that redrive_generation_jobs leaves out when it is called with the same conditions, and why: those that may '
  'have been paid for, unless forget_operation, and those of job_ids that have not failed.';
select generation_private.grant_to_service_role('execute', 'function public.generation_jobs_left_out');
