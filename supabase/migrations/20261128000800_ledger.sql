-- The ledger follows the queues by triggers, so plain pgmq.send, pop, delete, archive and purge_queue are enough
-- and nothing is asked of the sender.

-- The live job of a message, locked; null if there is none.
--
-- A statement in a function is planned once a session, by what is known of the ledger then. In a transaction that
-- sends 100,000 messages to a new project that is nothing, and the plan would read all live jobs for each. So
-- the only order that is asked for here is that of the unique index.
create or replace function generation_private.lock_live_job(
  queue_name text,
  message_id bigint,
  out job_id uuid,
  out sent_at timestamptz
)
language plpgsql
set enable_sort = off
as $$
begin
  select j.id, j.enqueued_at into job_id, sent_at
  from public.generation_jobs as j
  where j.queue = queue_name
    and j.msg_id between message_id and message_id
    and j.finished_at is null
  order by j.msg_id
  limit 1
  for update;
end
$$;

-- Writes the row of a message unless it has a live one, and returns the id of the job. It inserts first, which goes
-- by the unique index without a plan.
create or replace function generation_private.write_job(queue_name text, sent generation_private.queue_message)
returns uuid
language plpgsql
as $$
declare
  written uuid;
  live record;
begin
  loop
    insert into public.generation_jobs as j (queue, msg_id, message, enqueued_at, pending_since)
    values (
      queue_name, sent.msg_id, sent.message, sent.enqueued_at,
      -- Until it is read for the first time, it is hidden by the delay of its sender.
      case when sent.read_ct = 0 then greatest(sent.enqueued_at, sent.vt) else sent.enqueued_at end
    )
    on conflict (queue, msg_id, finished_at) do nothing
    returning j.id into written;
    if written is not null then
      return written;
    end if;

    live := generation_private.lock_live_job(queue_name, sent.msg_id);
    if live.sent_at = sent.enqueued_at then
      return live.job_id; -- the same message, requeued, or written just now
    end if;

    -- The queue was dropped and created again and counts from 1 again: the older message is gone.
    perform generation_private.end_job(
      live.job_id, 'failed', 'message_lost', 'The message of this job is no longer on its queue.'
    );
  end loop;
end
$$;

-- Whether the job of this very message has ended: it was copied back to its queue by hand.
create or replace function generation_private.has_ended(queue_name text, sent generation_private.queue_message)
returns boolean
language plpgsql
as $$
begin
  return exists (
    select from public.generation_jobs as j
    where j.queue = queue_name
      and j.msg_id = sent.msg_id
      and j.enqueued_at = sent.enqueued_at
      and j.finished_at is not null
  );
end
$$;

-- The triggers run as the owner: a sender must not need rights on the ledger. Their argument is the queue.

-- A message that cannot be read has its row like every other. The claim that meets it fails it. One whose job has ended
-- gets no second one, which would be paid for again: the claim that meets it archives it.
create or replace function generation_private.message_inserted()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  sent generation_private.queue_message := (new.msg_id, new.read_ct, new.enqueued_at, new.vt, new.message, null);
begin
  -- A message that is sent is of this transaction, and was never read.
  if (new.read_ct > 0 or new.enqueued_at < transaction_timestamp()) and generation_private.has_ended(tg_argv[0], sent) then
    return null;
  end if;
  sent := generation_private.judge_message(sent);
  perform generation_private.write_job(tg_argv[0], sent);
  return null;
end
$$;

-- The functions of the worker end the job before they archive its message. So a job that is still live when its
-- message is deleted, popped or archived lost it by hand.
create or replace function generation_private.message_deleted()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform generation_private.end_job(
    j.id, 'cancelled', 'message_removed', 'The message was deleted, popped or archived by hand.'
  )
  from public.generation_jobs as j
  where j.queue = tg_argv[0]
    and j.msg_id = old.msg_id
    and j.enqueued_at = old.enqueued_at
    and j.finished_at is null;
  return null;
end
$$;

-- A purge empties the whole table, also of messages that its transaction cannot see yet: above read committed
-- their jobs would stay in the ledger for ever, queued and without a message.
create or replace function generation_private.queue_truncated()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
    raise exception 'a queue can only be purged in a transaction whose isolation is read committed, and this one is %',
      current_setting('transaction_isolation')
      using errcode = '55000', hint = 'begin isolation level read committed;';
  end if;
  perform generation_private.end_job(j.id, 'cancelled', 'message_removed', 'The queue was purged.')
  from public.generation_jobs as j
  where j.queue = tg_argv[0] and j.finished_at is null;
  return null;
end
$$;

create or replace trigger generation_message_inserted after insert on pgmq.q_image_generation_queue
  for each row execute function generation_private.message_inserted('image_generation_queue');
create or replace trigger generation_message_inserted after insert on pgmq.q_video_generation_queue
  for each row execute function generation_private.message_inserted('video_generation_queue');

create or replace trigger generation_message_deleted after delete on pgmq.q_image_generation_queue
  for each row execute function generation_private.message_deleted('image_generation_queue');
create or replace trigger generation_message_deleted after delete on pgmq.q_video_generation_queue
  for each row execute function generation_private.message_deleted('video_generation_queue');

create or replace trigger generation_queue_truncated after truncate on pgmq.q_image_generation_queue
  for each statement execute function generation_private.queue_truncated('image_generation_queue');
create or replace trigger generation_queue_truncated after truncate on pgmq.q_video_generation_queue
  for each statement execute function generation_private.queue_truncated('video_generation_queue');

-- What happened while there were no triggers: a queue that is older than the ledger, or one that was dropped and
-- created again since the migrations last ran.
do $$
begin
  perform generation_private.end_job(
    j.id, 'failed', 'message_lost', 'The message of this job is no longer on its queue.'
  )
  from public.generation_jobs as j
  where j.finished_at is null
    and not exists (
      select from generation_private.queue_messages() as q
      where q.queue = j.queue and q.msg_id = j.msg_id and q.enqueued_at = j.enqueued_at
    );

  insert into public.generation_jobs (queue, msg_id, message, enqueued_at, pending_since)
  select q.queue, q.msg_id, generation_private.readable_message(q.message), q.enqueued_at, q.enqueued_at
  from generation_private.queue_messages() as q
  where not exists (
    select from public.generation_jobs as j
    where j.queue = q.queue and j.msg_id = q.msg_id and j.enqueued_at = q.enqueued_at
  );
end
$$;
