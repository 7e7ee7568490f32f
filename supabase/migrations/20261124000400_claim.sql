-- Taking messages off the queue for a while.
--
-- Lock order everywhere: first the message, then its ledger row. pgmq's own delete and archive
-- lock in that order too (their trigger comes after), so no two calls can wait for each other.

-- Most messages that are no job are the worker's to judge, field by field. But a claim answers with
-- several messages at once, and one of endless length, or with a number that no JSON reader outside
-- of PostgreSQL takes (1e400), would keep it from its neighbours.
create or replace function generation_private.unreadable(message jsonb)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  longest constant integer := 262144;
  length constant integer := octet_length(message::text);
  prompt_length constant integer := octet_length(message ->> 'prompt');
begin
  if length > longest and prompt_length > 32768 then
    return format('prompt: expected at most 32768 bytes, not %s', prompt_length);
  elsif length > longest then
    return format('message: expected at most %s bytes of JSON, not %s', longest, length);
  elsif message @? '$.** ? (@.type() == "number" && (@ > 1.7e308 || @ < -1.7e308))' then
    return 'message: expected numbers of at most 1.7e308';
  end if;
  return null;
end
$$;
comment on function generation_private.unreadable(jsonb) is
  'Why a message cannot even be handed to a worker, or null if it can.';

create or replace function public.claim_generation_jobs(
  queue text,
  lease_seconds integer,
  quantity integer
)
returns table (
  job_id uuid,
  msg_id bigint,
  lease_token integer,
  message jsonb,
  attempts integer,
  operation jsonb,
  operation_age_seconds double precision,
  submission_pending boolean,
  enqueued_at timestamptz,
  retried boolean
)
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  queue_table text := 'q_' || claim_generation_jobs.queue;
  remaining integer := claim_generation_jobs.quantity;
  held record;
  job public.generation_jobs;
  written uuid;
  unreadable text;
begin
  perform generation_private.check_queue(claim_generation_jobs.queue);
  if lease_seconds is null or lease_seconds not between 1 and 43200 then
    raise exception 'lease_seconds: expected 1 to 43200 seconds, got %',
      coalesce(lease_seconds::text, 'null') using errcode = '22023';
  end if;
  if quantity is null or quantity not between 0 and 100 then
    raise exception 'quantity: expected 0 to 100 messages, got %',
      coalesce(quantity::text, 'null') using errcode = '22023';
  end if;

  while remaining > 0 loop
    -- One at a time, because a message that turns out to be settled already must not use up a
    -- place of the quantity. What another worker holds locked is skipped.
    execute format(
      'update pgmq.%1$I as q
          set vt = clock_timestamp() + make_interval(secs => $1),
              read_ct = q.read_ct + 1
        where q.msg_id = (
            select candidate.msg_id
              from pgmq.%1$I as candidate
             where candidate.vt <= clock_timestamp()
             order by candidate.msg_id
             limit 1
               for update skip locked
          )
       returning q.msg_id, q.read_ct, q.enqueued_at, q.message',
      queue_table
    ) into held using lease_seconds;
    exit when held.msg_id is null;

    select * into job
    from public.generation_jobs
    where queue = claim_generation_jobs.queue
      and msg_id = held.msg_id
      and enqueued_at = held.enqueued_at
    order by (status in ('queued', 'running', 'waiting')) desc, updated_at desc
    limit 1
    for update;

    if found and job.status not in ('queued', 'running', 'waiting') then
      -- It has been said already what came of this message.
      perform pgmq.archive(claim_generation_jobs.queue, held.msg_id);
      continue;
    end if;

    if not found then
      -- A message that the trigger has missed.
      written := generation_private.write_job(
        claim_generation_jobs.queue, held.msg_id, held.enqueued_at, held.message
      );
      select * into strict job from public.generation_jobs where id = written;
    end if;

    unreadable := generation_private.unreadable(held.message);
    if unreadable is not null then
      -- Handed out, it would make the whole answer one that no worker can read.
      update public.generation_jobs as j
      set status = 'failed',
          attempts = j.attempts + 1,
          error_code = 'invalid_message',
          error_message = unreadable,
          finished_at = clock_timestamp(),
          updated_at = clock_timestamp()
      where j.id = job.id;
      perform pgmq.archive(claim_generation_jobs.queue, held.msg_id);
      continue;
    end if;

    job_id := job.id;
    msg_id := held.msg_id;
    lease_token := held.read_ct;
    message := held.message;
    attempts := job.attempts + 1;
    operation := job.operation;
    operation_age_seconds := extract(epoch from clock_timestamp() - job.submitted_at);
    submission_pending := job.submission_started_at is not null and job.operation is null;
    enqueued_at := held.enqueued_at;
    retried := held.read_ct > 1 or job.started_at is not null;

    -- The attempt counts from here, so that one which dies with its worker has counted. The
    -- message is written again in case somebody corrected it in the queue.
    update public.generation_jobs as j
    set status = 'running',
        lease_token = held.read_ct,
        attempts = j.attempts + 1,
        message = held.message,
        started_at = coalesce(j.started_at, clock_timestamp()),
        updated_at = clock_timestamp()
    where j.id = job.id;

    remaining := remaining - 1;
    return next;
  end loop;
end
$$;
comment on function public.claim_generation_jobs(text, integer, integer) is
  'Takes up to quantity (0 to 100) visible messages, oldest first, and hides them for lease_seconds (1 to 43200). '
  'A message of more than 256 KiB, or with a number that is none elsewhere, fails here as invalid_message. '
  'One row a job: lease_token is to be named in every later write; attempts includes this one; operation is what an '
  'earlier run recorded, operation_age_seconds how long ago; submission_pending means that a paid submission was '
  'announced and nobody knows whether it was made; retried means that the job was claimed before.';
select generation_private.only_service_role('public.claim_generation_jobs(text, integer, integer)');
