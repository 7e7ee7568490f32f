-- Taking messages off the queue for a while, in order of priority and within the limits.
--
-- Without limits workers never wait for each other: each takes the next message that no other has locked. With
-- limits their claims come one after the other, each a few milliseconds long.

-- The models that waiting jobs name, one step of the index each. '' stands for jobs that name none, and is always
-- among them.
create or replace function generation_private.requested_models(queue_name text)
returns setof text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  name text := '';
begin
  while name is not null loop
    return next name;
    select min(j.requested_model) into name
    from public.generation_jobs as j
    where j.queue = queue_name
      and j.requested_model > name
      and j.finished_at is null
      and j.operation is null
      and j.submission_started_at is null;
  end loop;
end
$$;

-- The visible messages that are next within the limits, locked. The first few of each line are taken, however many
-- wait behind them. They are put in order, in which the lines of one priority take turns if the queue has a fair
-- share, and of each model as many are left as there are places.
create or replace function generation_private.next_messages(
  queue_name text,
  quantity integer,
  default_model text
)
returns bigint[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  in_turns constant boolean := exists (
    select from public.generation_limits as l where l.queue = queue_name
  );
begin
  return (
    with free as materialized (
      select f.model, f.places from generation_private.free_places(queue_name) as f
      where default_model is not null
    ),
    open_lines as materialized (
      select m.model
      from generation_private.requested_models(queue_name) as m (model)
      where not exists (
        select from free as f where f.model = coalesce(nullif(m.model, ''), default_model) and f.places = 0
      )
    ),
    candidates as (
      select 'model ' || o.model as line, m.msg_id, m.priority, m.turn, coalesce(m.model, default_model) as model
      from open_lines as o
      cross join lateral generation_private.lock_first_messages(queue_name, o.model, quantity) as m
      union all
      select 'submitted', m.*
      from generation_private.lock_submitted_messages(queue_name, quantity) as m
    ),
    rounds as (
      select c.*, row_number() over (partition by c.line, c.priority order by c.turn, c.msg_id) as round
      from candidates as c
    ),
    ordered as (
      select r.msg_id, r.model,
        row_number() over (
          order by r.priority desc,
            case when in_turns then r.round end,
            case when in_turns then served.served_at end nulls first,
            r.msg_id
        ) as place
      from rounds as r
      left join generation_private.fair_share_cursors as served
        on in_turns and served.queue = queue_name and served.line = r.line and served.priority = r.priority
    ),
    of_models as (
      select o.*, row_number() over (partition by o.model order by o.place) as of_model from ordered as o
    )
    select coalesce((array_agg(m.msg_id order by m.place))[:quantity], '{}')
    from of_models as m
    left join free as f on f.model = m.model
    where f.model is null or m.of_model <= f.places
  );
end
$$;

-- The row of a leased message, locked. An orphaned message, which the trigger has missed, gets its row here.
create or replace function generation_private.job_of_message(
  queue_name text,
  held generation_private.queue_message
)
returns public.generation_jobs
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  job public.generation_jobs;
  written uuid;
begin
  select * into job
  from public.generation_jobs as j
  where j.queue = queue_name and j.msg_id = held.msg_id and j.enqueued_at = held.enqueued_at
  order by (j.finished_at is null) desc, j.updated_at desc
  limit 1
  for update;
  if not found then
    written := generation_private.write_job(queue_name, held);
    select * into strict job from public.generation_jobs as j where j.id = written;
  end if;
  return job;
end
$$;

-- With limits messages are found by the ledger, so those without a live job are found here. It archives those whose
-- job has ended, writes the rows of the others, and returns whether there were any.
create or replace function generation_private.adopt_orphans(queue_name text)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  orphan_id bigint;
  orphan generation_private.queue_message;
  job public.generation_jobs;
  adopted boolean := false;
begin
  for orphan_id in select o from generation_private.orphaned_messages(queue_name) as o loop
    orphan := generation_private.lock_message(queue_name, orphan_id, skip_locked => true);
    continue when orphan.msg_id is null or orphan.vt > clock_timestamp();
    job := generation_private.job_of_message(queue_name, orphan);
    if job.finished_at is null then
      adopted := true;
    else
      perform pgmq.archive(queue_name, orphan_id);
    end if;
  end loop;
  return adopted;
end
$$;

create or replace function generation_private.pick_messages(
  queue_name text,
  quantity integer,
  default_model text
)
returns bigint[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  picked bigint[] := generation_private.next_messages(queue_name, quantity, default_model);
begin
  if picked = '{}' and generation_private.adopt_orphans(queue_name) then
    picked := generation_private.next_messages(queue_name, quantity, default_model);
  end if;
  return picked;
end
$$;

-- Why a message cannot even be handed to a worker; null if it can. Most messages that are no job are the worker's to
-- judge, field by field. But a claim returns several messages at once, and one of endless length, or with a number
-- that no JSON reader outside of PostgreSQL accepts (1e400), would keep the others from the worker.
create or replace function generation_private.rejection_reason(message jsonb)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
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

-- Whether the message is not to be worked on: its job has ended before, or ends here because no worker could read it.
create or replace function generation_private.is_settled(
  job public.generation_jobs,
  held generation_private.queue_message
)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  reason text;
begin
  if job.finished_at is not null then
    return true;
  end if;
  reason := generation_private.rejection_reason(held.message);
  if reason is null then
    return false;
  end if;
  update public.generation_jobs as j set attempts = j.attempts + 1 where j.id = job.id;
  perform generation_private.end_job(job.id, 'failed', 'invalid_message', reason);
  return true;
end
$$;

-- The attempt counts from here, so that one which dies with its worker has counted. The message is written again
-- because it may have been corrected in the queue.
create or replace function generation_private.start_attempt(
  job public.generation_jobs,
  held generation_private.queue_message,
  default_model text
)
returns public.generation_jobs
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  asked_model constant text := case
    when default_model is not null
      then coalesce(generation_private.message_model(held.message), default_model)
  end;
begin
  update public.generation_jobs as j
  set status = 'running',
      lease_token = held.read_ct,
      leased_model = asked_model,
      attempts = j.attempts + 1,
      message = held.message,
      started_at = coalesce(j.started_at, clock_timestamp()),
      updated_at = clock_timestamp()
  where j.id = job.id
  returning j.* into job;
  return job;
end
$$;

do $$
begin
  if to_regtype('public.generation_claim') is null then
    create type public.generation_claim as (
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
    );
  end if;
end
$$;
comment on type public.generation_claim is 'What claim_generation_jobs returns for each job.';

create or replace function generation_private.claim_of(job public.generation_jobs, retried boolean)
returns public.generation_claim
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  claim public.generation_claim;
begin
  claim.job_id := job.id;
  claim.msg_id := job.msg_id;
  claim.lease_token := job.lease_token;
  claim.message := job.message;
  claim.attempts := job.attempts;
  claim.operation := job.operation;
  claim.operation_age_seconds := extract(epoch from clock_timestamp() - job.submitted_at);
  claim.submission_pending := job.submission_started_at is not null and job.operation is null;
  claim.enqueued_at := job.enqueued_at;
  claim.retried := retried;
  return claim;
end
$$;

create or replace function public.claim_generation_jobs(
  queue_name text,
  lease_seconds integer,
  quantity integer,
  models text[] default null
)
returns setof public.generation_claim
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  default_model constant text := generation_private.bare_model(models[1]);
  places integer := quantity;
  limited boolean;
  picked bigint[] := '{}';
  held generation_private.queue_message;
  job public.generation_jobs;
  retried boolean;
begin
  perform generation_private.check_queue(queue_name);
  perform generation_private.check_between('lease_seconds', lease_seconds, 1, 43200, 'seconds');
  perform generation_private.check_between('quantity', quantity, 0, 100, 'messages');
  if models is not null and coalesce(default_model, '') = '' then
    raise exception 'models: expected the names of the worker''s models, the first one first, or null'
      using errcode = '22023';
  end if;

  limited := generation_private.lock_limits(queue_name, models is not null);
  while places > 0 loop
    if not limited then
      held := generation_private.lease_next_message(queue_name, lease_seconds);
    else
      if picked = '{}' then
        picked := generation_private.pick_messages(queue_name, places, default_model);
      end if;
      held := generation_private.lease_message(queue_name, picked[1], lease_seconds);
      picked := picked[2:];
    end if;
    exit when held.msg_id is null;

    job := generation_private.job_of_message(queue_name, held);
    if generation_private.is_settled(job, held) then
      perform pgmq.archive(queue_name, held.msg_id);
      continue;
    end if;
    retried := held.read_ct > 1 or job.started_at is not null;
    job := generation_private.start_attempt(job, held, default_model);
    if limited then
      perform generation_private.count_request(job);
      perform generation_private.advance_cursor(job);
    end if;
    places := places - 1;
    return next generation_private.claim_of(job, retried);
  end loop;
end
$$;
comment on function public.claim_generation_jobs is
  'Takes up to quantity (0 to 100) visible messages, highest priority first, then oldest, and hides them for '
  'lease_seconds (1 to 43200). models: those of the worker, in order; a job is counted for the model that its message '
  'names, else for the first of them. The limits in generation_limits may leave visible messages unclaimed; without '
  'models those of models do not apply. A message of more than 256 KiB, or with a number that is none elsewhere, fails '
  'here as invalid_message. One row a job: lease_token is to be named in every later write; attempts includes this one; '
  'operation is what an earlier run recorded, operation_age_seconds how long ago; submission_pending means that a paid '
  'submission was announced and it is unknown whether it was made; retried means that the job was claimed before.';
select generation_private.grant_to_service_role('execute', 'function public.claim_generation_jobs');
