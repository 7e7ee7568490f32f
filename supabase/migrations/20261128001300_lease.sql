-- A lease is (msg_id, read_ct). pgmq raises read_ct with each reading, so a worker whose lease has passed to
-- another names a number that no longer matches.
--
-- Lock order everywhere: first the message, then its ledger row. pgmq's own delete and archive lock in that
-- order too (their trigger comes after), so no two calls can wait for each other.

create or replace function generation_private.lock_job(
  queue_name text,
  msg_id bigint,
  lease_token integer,
  out job public.generation_jobs,
  out message_read_ct integer,
  out held boolean
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  perform generation_private.check_queue(queue_name);
  if lock_job.msg_id is null then
    raise exception 'msg_id: expected the id of a message, got null' using errcode = '22023';
  end if;
  if lock_job.lease_token is null then
    raise exception 'lease_token: expected the token of a claim, got null' using errcode = '22023';
  end if;

  -- The message first: whoever else writes to this job waits here, and reads the ledger only
  -- when it is its turn.
  execute format(
    'select q.read_ct from pgmq.%I as q where q.msg_id = $1 for update', 'q_' || queue_name
  ) into message_read_ct using lock_job.msg_id;

  -- Terminal rows too, for a call that is repeated because its first answer was lost.
  select * into job
  from public.generation_jobs as j
  where j.queue = queue_name
    and j.msg_id = lock_job.msg_id
    and j.lease_token = lock_job.lease_token
  order by (j.status in ('queued', 'running', 'waiting')) desc, j.updated_at desc
  limit 1
  for update;

  held := coalesce(job.status = 'running' and message_read_ct = lock_job.lease_token, false);
end
$$;
comment on function generation_private.lock_job(text, bigint, integer) is
  'Locks a message and the ledger row that was last claimed with this token, and says whether the token still holds the lease.';

create or replace function public.extend_generation_lease(
  queue_name text,
  msg_id bigint,
  lease_token integer,
  lease_seconds integer
)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  locked record;
begin
  if lease_seconds is null or lease_seconds not between 1 and 43200 then
    raise exception 'lease_seconds: expected 1 to 43200 seconds, got %',
      coalesce(lease_seconds::text, 'null') using errcode = '22023';
  end if;
  select * into locked from generation_private.lock_job(
    queue_name, extend_generation_lease.msg_id, extend_generation_lease.lease_token
  );
  if not locked.held then
    return false;
  end if;
  execute format(
    'update pgmq.%I as q set vt = clock_timestamp() + make_interval(secs => $2) where q.msg_id = $1',
    'q_' || queue_name
  ) using extend_generation_lease.msg_id, lease_seconds;
  return true;
end
$$;
comment on function public.extend_generation_lease(text, bigint, integer, integer) is
  'Hides a claimed message for lease_seconds (1 to 43200) from now. True if the lease was still held, else false and nothing changes.';
select generation_private.only_service_role('public.extend_generation_lease(text, bigint, integer, integer)');
