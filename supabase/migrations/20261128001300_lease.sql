-- A lease is (msg_id, read_ct). pgmq raises read_ct with each read, so a worker whose lease has passed to another
-- names a number that no longer matches.
--
-- Lock order everywhere: first the message, then its row in the ledger. pgmq's own delete and archive lock in that
-- order too (their trigger comes after), so no two calls can wait for each other.

-- The message first: every other session that writes to this job waits there, and reads the ledger only when it is
-- its turn. Rows of jobs that have ended are found, too, for a call that is repeated because its first answer was
-- lost.
create or replace function generation_private.lock_job(
  queue_name text,
  message_id bigint,
  token integer,
  out job public.generation_jobs,
  out message_read_ct integer,
  out held boolean
)
language plpgsql
as $$
declare
  checked constant boolean := generation_private.check_queue(queue_name)
    and generation_private.check_given('msg_id', message_id::text, 'the id of a message')
    and generation_private.check_given('lease_token', token::text, 'the token of a claim');
begin
  message_read_ct := (generation_private.lock_message(queue_name, message_id)).read_ct;
  job := (
    select j
    from public.generation_jobs as j
    where j.queue = queue_name and j.msg_id = message_id and j.finished_at is null and j.lease_token = token
    for update
  );
  if job.id is null then
    job := (
      select j
      from public.generation_jobs as j
      where j.queue = queue_name and j.msg_id = message_id and j.lease_token = token
      order by j.finished_at desc
      limit 1
      for update
    );
  end if;
  held := coalesce(job.status = 'running' and message_read_ct = token, false);
end
$$;

create or replace function public.extend_generation_lease(
  queue_name text,
  msg_id bigint,
  lease_token integer,
  lease_seconds integer,
  alone boolean default false
)
returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  locked record;
begin
  perform generation_private.check_between('lease_seconds', lease_seconds, 1, 43200, 'seconds');
  locked := generation_private.lock_job(queue_name, msg_id, lease_token);
  if locked.held then
    perform generation_private.hide_message(queue_name, msg_id, lease_seconds);
    if alone then
      update public.generation_jobs as j set alone_lease_token = j.lease_token where j.id = (locked.job).id;
    end if;
  end if;
  return locked.held;
end
$$;
comment on function public.extend_generation_lease is
  'Hides a claimed message for lease_seconds (1 to 43200) from now. alone: the worker has no other job in hand, so that its '
  'death counts against this one. False: the lease is not held, nothing changed.';
select generation_private.grant_to_service_role('execute', 'function public.extend_generation_lease');
