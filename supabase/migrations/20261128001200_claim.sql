-- Taking messages off the queue for a while, in order of priority and within the limits.
--
-- Without limits workers never wait for each other: each takes the next message that no other has locked. With
-- limits, or while a model is in trouble, their claims come one after the other, each a few milliseconds long.

-- The row of a leased message, locked. An orphaned message, which the trigger has missed, gets its row here.
create or replace function generation_private.job_of_message(
  queue_name text,
  held generation_private.queue_message
)
returns public.generation_jobs
language plpgsql
as $$
declare
  job public.generation_jobs := (
    select j
    from public.generation_jobs as j
    where j.queue = queue_name
      and j.msg_id = held.msg_id
      and j.finished_at is null
      and j.enqueued_at = held.enqueued_at
    for update
  );
  written uuid;
begin
  if job.id is null then
    job := (
      select j
      from public.generation_jobs as j
      where j.queue = queue_name and j.msg_id = held.msg_id and j.enqueued_at = held.enqueued_at
      order by j.finished_at desc
      limit 1
      for update
    );
  end if;
  if job.id is null then
    written := generation_private.write_job(queue_name, held);
    job := (select j from public.generation_jobs as j where j.id = written);
  end if;
  return job;
end
$$;

-- Fails a job whose message no worker could read.
create or replace function generation_private.reject_job(job_id uuid, reason text)
returns boolean
language plpgsql
as $$
begin
  update public.generation_jobs as j set attempts = j.attempts + 1 where j.id = job_id;
  perform generation_private.end_job(job_id, 'failed', 'invalid_message', reason);
  return true;
end
$$;

-- Whether the message is not to be worked on: its job has ended before, or ends here because no worker could read it.
create or replace function generation_private.is_settled(
  job public.generation_jobs,
  held generation_private.queue_message
)
returns boolean
language sql
return job.finished_at is not null
  or (held.rejection is not null and generation_private.reject_job(job.id, held.rejection));

-- With limits messages are found by the ledger, so those without a live job are found here. It archives those whose
-- job has ended, writes the rows of the others, and returns whether there were any. It goes on for a second: large ones
-- take time.
create or replace function generation_private.adopt_orphans(queue_name text)
returns boolean
language plpgsql
as $$
declare
  enough constant timestamptz := clock_timestamp() + interval '1 second';
  orphan_id bigint;
  orphan generation_private.queue_message;
  job public.generation_jobs;
  adopted boolean := false;
begin
  for orphan_id in select o from generation_private.orphaned_messages(queue_name) as o loop
    exit when clock_timestamp() > enough;
    orphan := generation_private.lock_message(queue_name, orphan_id, skip_locked => true);
    continue when orphan.msg_id is null or orphan.vt > clock_timestamp();
    begin
      job := generation_private.job_of_message(queue_name, generation_private.read_message(queue_name, orphan_id));
      if job.finished_at is null then
        adopted := true;
      else
        perform generation_private.archive_message(queue_name, orphan_id);
      end if;
    exception when others or assert_failure then
      perform generation_private.pass_over_message(queue_name, orphan_id, sqlstate, sqlerrm);
    end;
  end loop;
  return adopted;
end
$$;

create or replace function generation_private.pick_messages(
  worker generation_private.workers,
  limited boolean,
  troubled boolean,
  quantity integer
)
returns bigint[]
language plpgsql
as $$
declare
  picked bigint[];
begin
  if not limited and not troubled then
    return generation_private.lock_next_messages(worker.queue, quantity);
  end if;
  picked := generation_private.next_messages(worker, troubled, quantity);
  if picked <> '{}' and generation_private.renew_turns(worker.queue, picked) then
    picked := generation_private.next_messages(worker, troubled, quantity);
  end if;
  if picked = '{}' and generation_private.adopt_orphans(worker.queue) then
    picked := generation_private.next_messages(worker, troubled, quantity);
  end if;
  return picked;
end
$$;

-- A job that is still running has a worker that died, and its last attempt counts as a death instead. Several jobs die
-- with their worker, and any of them may have been the cause. So a job that has met two deaths is tried alone, and from
-- then on only what it met alone counts.
--
-- Null unless the ledger has a live job with this very message.
create or replace function generation_private.start_attempt(
  held generation_private.queue_message,
  worker generation_private.workers,
  claim_id bigint,
  troubled boolean
)
returns public.generation_jobs
language plpgsql
as $$
declare
  moment constant timestamptz := clock_timestamp();
  started record;
begin
  update public.generation_jobs as j
  set status = 'running',
      lease_token = held.read_ct,
      claim_id = start_attempt.claim_id,
      leased_model = case
        when worker.models is not null then coalesce(nullif(j.requested_model, ''), worker.models[1])
      end,
      waits_for = case when troubled then j.waits_for else '' end, -- choose_leased_model asks for it
      attempts = j.attempts + case when j.status = 'running' then 0 else 1 end,
      deaths = j.deaths + case
        when j.status = 'running' and (j.deaths < 2 or j.alone_lease_token = j.lease_token) then 1
        else 0
      end,
      started_at = coalesce(j.started_at, moment),
      -- Its sender may have delayed it for longer, for ever even, and made it visible since.
      pending_since = least(j.pending_since, moment),
      updated_at = moment
  where j.queue = worker.queue
    and j.msg_id = held.msg_id
    and j.finished_at is null
    and j.enqueued_at = held.enqueued_at
    and j.message = held.message
  returning j as job into started;
  return started.job;
end
$$;

-- While a model is in trouble, a new job goes to the one that can take it, and may be the one that probes it.
create or replace function generation_private.choose_leased_model(
  job public.generation_jobs,
  worker generation_private.workers
)
returns public.generation_jobs
language plpgsql
as $$
declare
  chosen record;
begin
  if job.operation is null and job.submission_started_at is null then
    chosen := generation_private.choose_model(worker, job.requested_model, job.waits_for);
    job.leased_model := coalesce(chosen.taken_by, job.leased_model);
    update public.generation_models as m
    set probe_job = job.id, probe_lease = job.lease_token
    where chosen.probes and m.model = chosen.taken_by;
  end if;
  update public.generation_jobs as j set leased_model = job.leased_model, waits_for = '' where j.id = job.id;
  return job;
end
$$;

-- What a worker that repeats a claim has in hand by it.
create index if not exists generation_jobs_claim on public.generation_jobs (claim_id) where status = 'running';

do $$
begin
  if to_regtype('public.generation_claim') is null then
    create type public.generation_claim as (
      job_id uuid,
      msg_id bigint,
      lease_token integer,
      message jsonb,
      attempts integer,
      deaths integer,
      operation jsonb,
      operation_age_seconds double precision,
      submission_pending boolean,
      enqueued_at timestamptz,
      retried boolean,
      age_seconds double precision,
      unavailable jsonb
    );
  end if;
end
$$;
comment on type public.generation_claim is 'What claim_generation_jobs returns for each job.';

create or replace function generation_private.claim_of(
  job public.generation_jobs,
  retried boolean,
  worker generation_private.workers,
  troubled boolean
)
returns public.generation_claim
language plpgsql
as $$
begin
  -- In the order of the type's columns.
  return (
    job.id, job.msg_id, job.lease_token, job.message, job.attempts, job.deaths,
    job.operation, extract(epoch from clock_timestamp() - job.submitted_at)::double precision,
    job.submission_started_at is not null and job.operation is null,
    job.enqueued_at, retried, greatest(extract(epoch from clock_timestamp() - job.pending_since), 0)::double precision,
    case when troubled then generation_private.unavailable_models(worker, job) end
  )::public.generation_claim;
end
$$;

-- What a worker says of itself. It may name its models with the prefix.
create or replace function generation_private.worker_of(
  queue_name text,
  models text[],
  fallback_after_seconds integer,
  job_deadline_seconds integer
)
returns generation_private.workers
language plpgsql
as $$
declare
  checked constant boolean :=
    generation_private.check_between('fallback_after_seconds', coalesce(fallback_after_seconds, 0), 0, 2592000, 'seconds')
    and generation_private.check_between('job_deadline_seconds', job_deadline_seconds, 1, 2592000, 'seconds');
begin
  if cardinality(models) = 0 or '' = any (models) or array_position(models, null) > 0 then
    raise exception 'models: expected the names of the worker''s models, the first one first, or null'
      using errcode = '22023';
  elsif array_to_string(models, ',') ~ '(^|,)models/' then
    models := array(
      select generation_private.bare_model(m.name) from unnest(models) with ordinality as m (name, place) order by place
    );
  end if;
  return (queue_name, models, fallback_after_seconds, job_deadline_seconds)::generation_private.workers;
end
$$;

-- Leases a message that was picked, and begins its job; null when it is not to be worked on.
create or replace function generation_private.begin_job(
  worker generation_private.workers,
  message_id bigint,
  lease_seconds integer,
  claim_id bigint,
  limited boolean,
  troubled boolean
)
returns public.generation_claim
language plpgsql
as $$
declare
  held generation_private.queue_message := generation_private.lease_message(worker.queue, message_id, lease_seconds);
  job public.generation_jobs;
begin
  if pg_column_size(held.message) <= generation_private.most_message_bytes() then
    job := generation_private.start_attempt(held, worker, claim_id, troubled);
  end if;
  if job.id is null then
    held := generation_private.judge_message(held);
    job := generation_private.job_of_message(worker.queue, held);
    if generation_private.is_settled(job, held) then
      perform generation_private.archive_message(worker.queue, message_id);
      return null;
    elsif held.message is distinct from job.message then
      perform generation_private.correct_message(job, held.message);
    end if;
    job := generation_private.start_attempt(held, worker, claim_id, troubled);
  end if;
  if troubled then
    job := generation_private.choose_leased_model(job, worker);
  end if;
  if limited then
    perform generation_private.count_request(job);
    perform generation_private.advance_cursor(job, worker.models);
  end if;
  return generation_private.claim_of(job, held.read_ct > 1 or job.started_at < job.updated_at, worker, troubled);
end
$$;

-- Begins jobs until there are as many as asked for, none is left, or two seconds have gone into messages that are not
-- worked on. It picks ten at a time, since large messages take time to be put in order, too. carefully: each message by
-- itself, so that an error ends what was done about it alone. An error that may say nothing of a message is raised when
-- every message has met one.
create or replace function generation_private.begin_jobs(
  worker generation_private.workers,
  quantity integer,
  lease_seconds integer,
  claim_id bigint,
  limited boolean,
  troubled boolean,
  carefully boolean
)
returns public.generation_claim[]
language plpgsql
as $$
declare
  enough constant timestamptz := clock_timestamp() + interval '2 seconds';
  places integer := quantity;
  picked bigint[] := '{}';
  passed_over bigint[] := '{}';
  claim public.generation_claim;
  claims public.generation_claim[] := '{}';
  met_by_all boolean := carefully;
  last_state text;
  last_explanation text;
begin
  while places > 0 and clock_timestamp() < enough loop
    if picked = '{}' then
      picked := generation_private.pick_messages(
        worker, limited, troubled, least(places, 10) + cardinality(passed_over)
      );
      if passed_over <> '{}' then
        picked := array(
          select p.msg_id
          from unnest(picked) with ordinality as p (msg_id, place)
          where p.msg_id <> all (passed_over)
          order by p.place
          limit least(places, 10)
        );
      end if;
      exit when picked = '{}';
    end if;
    claim := null;
    if not carefully then
      claim := generation_private.begin_job(worker, picked[1], lease_seconds, claim_id, limited, troubled);
    else
      begin
        claim := generation_private.begin_job(worker, picked[1], lease_seconds, claim_id, limited, troubled);
        met_by_all := false;
      exception when others or assert_failure then
        last_state := sqlstate;
        last_explanation := sqlerrm;
        met_by_all := met_by_all and generation_private.meaning_of_error(sqlstate) = 'of_no_message';
        perform generation_private.pass_over_message(worker.queue, picked[1], sqlstate, sqlerrm);
        passed_over := passed_over || picked[1];
      end;
    end if;
    picked := picked[2:];
    if claim.job_id is not null then
      places := places - 1;
      claims := claims || claim;
    end if;
  end loop;
  if met_by_all and last_state is not null then
    raise exception '%', last_explanation using errcode = last_state;
  end if;
  return claims;
end
$$;

-- The jobs of a claim that is repeated because its reply was lost, as far as their leases run: the same again. They would
-- wait for the end of their leases otherwise, and count as deaths. The claim may still be on its way, or be taken for
-- lost too early, so all of the same number come one after the other.
create or replace function generation_private.claimed_before(worker generation_private.workers, claim_id bigint)
returns public.generation_claim[]
language plpgsql
set enable_seqscan = off -- like lock_live_job
as $$
declare
  claimed record;
  job public.generation_jobs;
  held generation_private.queue_message;
  claims public.generation_claim[] := '{}';
begin
  if claim_id is null then
    return claims;
  end if;
  perform pg_advisory_xact_lock(claim_id);
  for claimed in
    select j as job from public.generation_jobs as j
    where j.claim_id = claimed_before.claim_id and j.status = 'running'
    order by j.priority desc, j.msg_id
  loop
    job := claimed.job;
    held := generation_private.find_message(job.queue, job.msg_id);
    if job.queue = worker.queue and held.read_ct = job.lease_token and held.vt > clock_timestamp() then
      claims := claims || generation_private.claim_of(
        job, true, worker,
        worker.models is not null and exists (select from public.generation_models as m where m.state <> 'ok')
      );
    end if;
  end loop;
  return claims;
end
$$;

-- What is generated without a bucket is paid for and lost. So no message is claimed until there is one, as far as this
-- database can see.
create or replace function generation_private.has_bucket(queue_name text)
returns boolean
language plpgsql stable
as $$
begin
  if to_regclass('storage.buckets') is null
    or not has_table_privilege('storage.buckets', 'select')
    or row_security_active('storage.buckets')
  then
    return true;
  end if;
  return exists (
    select from storage.buckets as b
    where b.id = case queue_name when 'image_generation_queue' then 'storyboard-images' else 'storyboard-videos' end
  );
end
$$;

create or replace function public.claim_generation_jobs(
  queue_name text,
  lease_seconds integer,
  quantity integer,
  models text[] default null,
  fallback_after_seconds integer default 600,
  job_deadline_seconds integer default 86400,
  claim_id bigint default null
)
returns setof public.generation_claim
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '3s' -- less than a worker waits for the claim, which would keep its connection for longer
as $$
declare
  worker generation_private.workers;
  claims public.generation_claim[];
  limited boolean;
  troubled boolean := false;
begin
  perform
    generation_private.check_queue(queue_name),
    generation_private.check_between('lease_seconds', lease_seconds, 1, 43200, 'seconds'),
    generation_private.check_between('quantity', quantity, 0, 100, 'messages');
  worker := generation_private.worker_of(queue_name, models, fallback_after_seconds, job_deadline_seconds);
  claims := generation_private.claimed_before(worker, claim_id);
  if cardinality(claims) > 0 then
    return query select * from unnest(claims);
    return;
  elsif not generation_private.has_bucket(queue_name)
    and (generation_private.visible_messages(queue_name, clock_timestamp(), 1)).quantity > 0
  then
    raise exception 'the bucket for the assets of % does not exist, so no job is begun', queue_name
      using hint = 'queue-trigger.ts doctor says how to create it';
  end if;

  limited := generation_private.lock_limits(queue_name, models is not null);
  if limited then
    perform generation_private.assign_turns(queue_name, 100);
  end if;
  if models is not null then
    troubled := generation_private.lock_standing(worker);
  end if;
  -- All at once, which costs next to nothing; when that meets an error, all again with more care.
  begin
    claims := generation_private.begin_jobs(worker, quantity, lease_seconds, claim_id, limited, troubled, false);
  exception when others or assert_failure then
    claims := generation_private.begin_jobs(worker, quantity, lease_seconds, claim_id, limited, troubled, true);
  end;
  return query select * from unnest(claims);
end
$$;
comment on function public.claim_generation_jobs is
  'Takes up to quantity (0 to 100) visible messages, highest priority first, then oldest, and hides them for '
  'lease_seconds (1 to 43200). models: those of the worker, in order; a job is counted for the model that its message '
  'names, else for the first of them that can take it. The limits in generation_limits, and models that are in trouble '
  '(generation_models), may leave visible messages unclaimed; without models those of models do not apply. A job that '
  'names no model waits for one in trouble for fallback_after_seconds (null: always); after job_deadline_seconds it is '
  'claimed all the same, for the worker to end it. A message that no worker could read, for its length, nesting, '
  'number of values or numbers, fails here as invalid_message, and so does one whose job cannot be begun. claim_id: a '
  'number that no other claim has; the same claim, repeated, returns the jobs that it has leased already. One row a job: '
  'lease_token is to be named in every later write; attempts includes this one; deaths are those of its earlier '
  'workers, and from two on the job has to be tried alone; operation is what an earlier run recorded, '
  'operation_age_seconds how long ago; submission_pending means that a paid submission was announced and it is unknown '
  'whether it was made; retried means that the job was claimed before; age_seconds is how long ago it could be claimed '
  'first (since its last redrive); unavailable has the models in trouble, with probe for the one that the job probes: '
  'state, seconds (until the rest is over), passed_over (another model need not wait for it), code and reason.';
select generation_private.grant_to_service_role('execute', 'function public.claim_generation_jobs');

-- What a worker claims along with a completion; null when it has to claim by itself. A claim that locks limits or models
-- would do so after the messages of the completion, against the order of locks; this one locks nothing but messages
-- that no other session has locked. Nor may an error of a claim undo the completion.
create or replace function generation_private.claim_along(queue_name text, request jsonb)
returns jsonb
language plpgsql
set lock_timeout = '3s'
as $$
declare
  asked generation_private.workers;
  lease_seconds integer;
  quantity integer;
  claim_id bigint;
  worker generation_private.workers;
  claims public.generation_claim[];
begin
  if request is null then
    return null;
  end if;
  asked := jsonb_populate_record(null::generation_private.workers, request);
  lease_seconds := request ->> 'lease_seconds';
  quantity := request ->> 'quantity';
  claim_id := request ->> 'claim_id';
  if generation_private.check_between('lease_seconds', lease_seconds, 1, 43200, 'seconds')
    and generation_private.check_between('quantity', quantity, 0, 100, 'messages')
  then
    worker := generation_private.worker_of(
      queue_name, asked.models, asked.fallback_after_seconds, asked.job_deadline_seconds
    );
  end if;
  claims := generation_private.claimed_before(worker, claim_id);
  if cardinality(claims) > 0 then
    return to_jsonb(claims);
  elsif exists (select from public.generation_limits as l where l.queue = queue_name or l.model is not null)
    or exists (select from public.generation_models as m where m.state <> 'ok')
    or not exists (select from generation_private.workers as w where w is not distinct from worker)
    or not generation_private.has_bucket(queue_name)
  then
    return null;
  end if;
  return to_jsonb(generation_private.begin_jobs(worker, quantity, lease_seconds, claim_id, false, false, false));
exception when others or assert_failure then
  raise warning 'nothing was claimed along with a completion: %', sqlerrm;
  return null;
end
$$;
