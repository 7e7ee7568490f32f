-- Writing thousands of ledger rows in one transaction must take thousands of times as long as writing
-- one, no longer.
--
-- A statement in a function is planned once a session, by what is known of the ledger then. In a
-- transaction that sends 100,000 messages to a new project that is nothing, and the plan went through
-- all live jobs for each. So the row is written first, which goes by the unique index without a plan,
-- and what finds the row that is there already has no other way to put it in order.

create or replace function generation_private.lock_live_job(
  queue text,
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
  where j.queue = lock_live_job.queue
    and j.msg_id between lock_live_job.msg_id and lock_live_job.msg_id
    and j.status in ('queued', 'running', 'waiting')
  order by j.msg_id
  limit 1
  for update;
end
$$;
comment on function generation_private.lock_live_job(text, bigint) is
  'Locks the ledger row of a message that has not ended; nulls if there is none.';
revoke all on function generation_private.lock_live_job(text, bigint) from public;

create or replace function generation_private.write_job(
  queue text,
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
    values (write_job.queue, write_job.msg_id, write_job.message, write_job.enqueued_at)
    on conflict (queue, msg_id) where status in ('queued', 'running', 'waiting') do nothing
    returning id into job_id;
    if job_id is not null then
      return job_id;
    end if;

    select * into live
    from generation_private.lock_live_job(write_job.queue, write_job.msg_id);
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
revoke all on function generation_private.write_job(text, bigint, timestamptz, jsonb) from public;
