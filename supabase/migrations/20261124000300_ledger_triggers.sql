-- The ledger follows the queue tables by triggers, so plain pgmq.send, pop, delete, archive and
-- purge_queue are enough and nothing is asked of the sender.

create or replace function generation_private.write_job(
  queue text,
  msg_id bigint,
  enqueued_at timestamptz,
  message jsonb
)
returns uuid
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  live public.generation_jobs;
  job_id uuid;
begin
  select * into live
  from public.generation_jobs
  where queue = write_job.queue
    and msg_id = write_job.msg_id
    and status in ('queued', 'running', 'waiting')
  for update;

  if found and live.enqueued_at = write_job.enqueued_at then
    return live.id; -- the same message, put back into the queue
  end if;

  if found then
    -- The queue was dropped and made anew and counts from 1 again: the older message is gone.
    update public.generation_jobs
    set status = 'failed',
        error_code = 'message_lost',
        error_message = 'The queue no longer holds this job''s message.',
        finished_at = clock_timestamp(),
        updated_at = clock_timestamp()
    where id = live.id;
  end if;

  insert into public.generation_jobs (queue, msg_id, message, enqueued_at)
  values (write_job.queue, write_job.msg_id, write_job.message, write_job.enqueued_at)
  returning id into job_id;
  return job_id;
end
$$;
comment on function generation_private.write_job(text, bigint, timestamptz, jsonb) is
  'Writes the ledger row of a message unless it has a live one; answers the job''s id.';

-- The functions below run as the owner: whoever may send must not need rights on the ledger.

create or replace function generation_private.message_inserted()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform generation_private.write_job(tg_argv[0], new.msg_id, new.enqueued_at, new.message);
  return null;
end
$$;
comment on function generation_private.message_inserted() is
  'Trigger: a message came into the queue named by the argument.';

create or replace function generation_private.message_deleted()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- Our own functions close the row before they archive the message, so a row that is still live
  -- here lost its message by other hands.
  update public.generation_jobs
  set status = 'cancelled',
      error_code = 'message_removed',
      error_message = 'The message was taken off the queue by hand.',
      finished_at = clock_timestamp(),
      updated_at = clock_timestamp()
  where queue = tg_argv[0]
    and msg_id = old.msg_id
    and enqueued_at = old.enqueued_at
    and status in ('queued', 'running', 'waiting');
  return null;
end
$$;
comment on function generation_private.message_deleted() is
  'Trigger: a message was deleted, popped or archived; its job is cancelled if it was still live.';

create or replace function generation_private.queue_truncated()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
begin
  update public.generation_jobs
  set status = 'cancelled',
      error_code = 'message_removed',
      error_message = 'The queue was purged.',
      finished_at = clock_timestamp(),
      updated_at = clock_timestamp()
  where queue = tg_argv[0]
    and status in ('queued', 'running', 'waiting');
  return null;
end
$$;
comment on function generation_private.queue_truncated() is
  'Trigger: the queue was purged; its live jobs are cancelled.';

do $$
declare
  queue text;
  queue_table text;
begin
  foreach queue in array array['image_generation_queue', 'video_generation_queue'] loop
    queue_table := 'q_' || queue;
    execute format(
      'create or replace trigger generation_message_inserted after insert on pgmq.%I
         for each row execute function generation_private.message_inserted(%L)',
      queue_table, queue
    );
    execute format(
      'create or replace trigger generation_message_deleted after delete on pgmq.%I
         for each row execute function generation_private.message_deleted(%L)',
      queue_table, queue
    );
    execute format(
      'create or replace trigger generation_queue_truncated after truncate on pgmq.%I
         for each statement execute function generation_private.queue_truncated(%L)',
      queue_table, queue
    );

    -- What happened while there were no triggers: a queue older than this migration, or one that
    -- was dropped and made anew since it last ran.
    execute format(
      'update public.generation_jobs as job
          set status = ''failed'',
              error_code = ''message_lost'',
              error_message = ''The queue no longer holds this job''''s message.'',
              finished_at = clock_timestamp(),
              updated_at = clock_timestamp()
        where job.queue = %L
          and job.status in (''queued'', ''running'', ''waiting'')
          and not exists (
            select from pgmq.%I as q
            where q.msg_id = job.msg_id and q.enqueued_at = job.enqueued_at
          )',
      queue, queue_table
    );
    execute format(
      'insert into public.generation_jobs (queue, msg_id, message, enqueued_at)
       select %L, q.msg_id, q.message, q.enqueued_at
         from pgmq.%I as q
        where not exists (
            select from public.generation_jobs as job
            where job.queue = %L and job.msg_id = q.msg_id and job.enqueued_at = q.enqueued_at
          )',
      queue, queue_table, queue
    );
  end loop;
end
$$;
