-- The ledger follows the queues by triggers, so plain pgmq.send, pop, delete, archive and purge_queue are
-- enough and nothing is asked of the sender.

-- Writing thousands of ledger rows in one transaction must take thousands of times as long as writing one, no
-- longer.
--
-- A statement in a function is planned once a session, by what is known of the ledger then. In a transaction
-- that sends 100,000 messages to a new project that is nothing, and the plan would go through all live jobs
-- for each. So the row is written first, which goes by the unique index without a plan, and what finds the
-- row that is there already has no other way to put it in order.
create or replace function generation_private.lock_live_job(
  queue_name text,
  msg_id bigint,
  out job_id uuid,
  out enqueued_at timestamptz
)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_sort = off
as $$
begin
  select j.id, j.enqueued_at into lock_live_job.job_id, lock_live_job.enqueued_at
  from public.generation_jobs as j
  where j.queue = queue_name
    and j.msg_id between lock_live_job.msg_id and lock_live_job.msg_id
    and j.status in ('queued', 'running', 'waiting')
  order by j.msg_id
  limit 1
  for update;
end
$$;
comment on function generation_private.lock_live_job(text, bigint) is
  'Locks the ledger row of a message that has not ended; nulls if there is none.';

create or replace function generation_private.write_job(
  queue_name text,
  msg_id bigint,
  enqueued_at timestamptz,
  message jsonb
)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  job_id uuid;
  live record;
begin
  loop
    insert into public.generation_jobs (queue, msg_id, message, enqueued_at)
    values (queue_name, write_job.msg_id, write_job.message, write_job.enqueued_at)
    on conflict (queue, msg_id) where status in ('queued', 'running', 'waiting') do nothing
    returning id into job_id;
    if job_id is not null then
      return job_id;
    end if;

    select * into live
    from generation_private.lock_live_job(queue_name, write_job.msg_id);
    if live.enqueued_at = write_job.enqueued_at then
      return live.job_id; -- the same message, put back into the queue, or written just now
    end if;

    -- The queue was dropped and made anew and counts from 1 again: the older message is gone.
    update public.generation_jobs
    set status = 'failed',
        error_code = 'message_lost',
        error_message = 'The queue no longer holds this job''s message.',
        finished_at = clock_timestamp(),
        updated_at = clock_timestamp()
    where id = live.job_id;
  end loop;
end
$$;
comment on function generation_private.write_job(text, bigint, timestamptz, jsonb) is
  'Writes the ledger row of a message unless it has a live one; answers the job''s id.';

-- The triggers run as the owner: a sender must not need rights on the ledger.

create or replace function generation_private.message_inserted()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
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
set search_path = pg_catalog, pg_temp
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

-- A purge empties the whole table, also of messages that its transaction cannot see yet: above read committed
-- their jobs would stay in the ledger for ever, queued and without a message.
create or replace function generation_private.queue_truncated()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
    raise exception 'a queue is purged in a transaction that is read committed, not %',
      current_setting('transaction_isolation')
      using errcode = '55000', hint = 'begin isolation level read committed;';
  end if;
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
