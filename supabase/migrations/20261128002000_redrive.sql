-- Sending failed jobs again, as the same jobs at the same place in the order: what was made for them is found
-- by their id, and what was enqueued after them still wins over them.

create or replace function generation_private.return_message(job public.generation_jobs)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  queue_table constant text := 'q_' || job.queue;
  archive_table constant text := 'a_' || job.queue;
  returned_msg_id bigint := job.msg_id;
  archived record;
  ids regclass := pg_get_serial_sequence(format('pgmq.%I', queue_table), 'msg_id');
  last_id bigint;
  taken boolean;
begin
  execute format(
    'delete from pgmq.%I as a where a.msg_id = $1 and a.enqueued_at = $2
     returning a.read_ct, a.message, a.headers',
    archive_table
  ) into archived using job.msg_id, job.enqueued_at;

  -- Its id may belong to another message by now, or be about to be given to one, when the queue was
  -- dropped and made anew. Then it gets the next free id and keeps its time.
  execute format('select case when is_called then last_value else 0 end from %s', ids) into last_id;
  execute format('select exists (select from pgmq.%I as q where q.msg_id = $1)', queue_table)
    into taken using job.msg_id;
  if taken or job.msg_id > last_id or exists (
    select from public.generation_jobs as other
    where other.queue = job.queue
      and other.msg_id = job.msg_id
      and other.id <> job.id
      and other.status in ('queued', 'running', 'waiting')
  ) then
    returned_msg_id := nextval(ids);
  end if;

  -- The row before the message: the trigger then sees that this message is known.
  update public.generation_jobs as j
  set status = case when j.operation is null then 'queued' else 'waiting' end,
      msg_id = returned_msg_id,
      attempts = 0,
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
      started_at = null,
      finished_at = null,
      updated_at = clock_timestamp()
  where j.id = job.id;

  -- read_ct goes on from where it was, or a worker that still believes in an old lease would hold
  -- it again after the next claim.
  execute format(
    'insert into pgmq.%I (msg_id, read_ct, enqueued_at, vt, message, headers)
     overriding system value
     values ($1, $2, $3, clock_timestamp(), $4, $5)',
    queue_table
  ) using
    returned_msg_id,
    greatest(job.lease_token, archived.read_ct, 0),
    job.enqueued_at,
    coalesce(archived.message, job.message),
    archived.headers;
  return returned_msg_id;
end
$$;
comment on function generation_private.return_message(public.generation_jobs) is
  'Makes a failed job live again and puts its message back into the queue; answers the message''s id.';

create or replace function public.redrive_generation_jobs(
  job_ids uuid[] default null,
  error_code text default null,
  queue_name text default null,
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
    and queue_name is null
  then
    raise exception 'expected job_ids, error_code or queue_name: which failed jobs to send again'
      using errcode = '22023';
  end if;
  if exists (select from unnest(redrive_generation_jobs.job_ids) as wanted where wanted is null) then
    raise exception 'job_ids: expected ids of jobs, got null among them' using errcode = '22023';
  end if;
  if redrive_generation_jobs.error_code = '' then
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
      and (redrive_generation_jobs.job_ids is null or j.id = any (redrive_generation_jobs.job_ids))
      and (redrive_generation_jobs.error_code is null or j.error_code = redrive_generation_jobs.error_code)
      and (queue_name is null or j.queue = queue_name)
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
