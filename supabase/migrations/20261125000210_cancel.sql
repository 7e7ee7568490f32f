-- A cancellation that crosses another call.
--
-- A job that has ended has no message to lock first, so a cancellation must not lock its row either:
-- whoever redrives it holds the row, and the message that comes back may be claimed before the
-- cancellation gets to it. The claim would wait for the row, and the cancellation for the message.

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
