-- How each model stands. What concerns a model or an account is known once for all workers: those that meet trouble
-- write it here, and a claim hands out no job whose model cannot take one.
--
-- A model that has trouble rests. When its rest is over, one job probes it, while the others wait; what the model then
-- answers either ends the trouble or begins a longer rest. Jobs that wait are neither touched nor hidden: their line
-- (see fair shares) is closed, as one is whose model has reached a limit.

create table if not exists public.generation_models (
  model text collate "C" primary key check (model <> '' and model not like 'models/%'),
  state text not null default 'ok' check (state in ('ok', 'resting', 'refused', 'retired')),
  rests_until timestamptz,
  code text,
  reason text,
  since timestamptz,
  troubles integer not null default 0 check (troubles >= 0),
  delay_named boolean not null default false,
  probe_job uuid,
  probe_lease integer,
  doubted_at timestamptz,
  updated_at timestamptz not null default clock_timestamp(),
  constraint generation_models_rest check ((state = 'ok') = (rests_until is null))
);
comment on table public.generation_models is
  'How each model stands; one without a row never had trouble. Written by functions only.';
comment on column public.generation_models.model is
  'As in the workers'' lists of models, without models/.';
comment on column public.generation_models.state is
  'ok, resting (the provider has trouble, or a quota is used up), refused (the account: key, billing, location), '
  'retired (the provider has no such model).';
comment on column public.generation_models.rests_until is
  'When one job may probe the model; null while it stands ok.';
comment on column public.generation_models.since is 'When this trouble began.';
comment on column public.generation_models.troubles is 'Rests in a row: each is longer than the one before.';
comment on column public.generation_models.delay_named is
  'The provider named the delay, so nothing but the probe ends the rest.';
comment on column public.generation_models.probe_job is
  'The job that may use the model although it rests, as long as probe_lease is held.';
comment on column public.generation_models.doubted_at is
  'When trouble with it was last taken for a job''s own.';

alter table public.generation_models enable row level security;
select generation_private.grant_to_service_role('select', 'table public.generation_models');

-- What the workers of a queue said in the last claim that named models: whether they are needed depends on it.
create table if not exists generation_private.workers (
  queue text primary key,
  models text[] not null,
  fallback_after_seconds integer,
  job_deadline_seconds integer not null
);
comment on table generation_private.workers is
  'The models of each queue''s workers, in order, and how long jobs wait for them.';

-- The jobs that wait because of what a worker found out, for when their model stands ok again.
create index if not exists generation_jobs_waiting
  on public.generation_jobs (waits_for)
  where waits_for <> '' and finished_at is null;

-- Whether a model is in trouble, for a worker that has said what it is. The models are locked until this claim has taken
-- effect: two claims would grant the same probe. They come after limits and before messages in the order of locks; who
-- holds messages and asks for a model waits for no claim, because a claim skips messages that are locked.
create or replace function generation_private.lock_standing(worker generation_private.workers)
returns boolean
language plpgsql
as $$
begin
  perform
  from generation_private.workers as w
  where w.queue = worker.queue and w is not distinct from worker;
  if not found then
    insert into generation_private.workers
    select worker.*
    where not exists (select from generation_private.workers as w where w.queue = worker.queue)
    on conflict (queue) do nothing;
    -- While two versions of a function run, another may be saying what it is: no claim waits for that.
    update generation_private.workers as w
    set models = worker.models,
        fallback_after_seconds = worker.fallback_after_seconds,
        job_deadline_seconds = worker.job_deadline_seconds
    where w.queue = (
      select free.queue from generation_private.workers as free where free.queue = worker.queue for update skip locked
    );
  end if;

  perform from public.generation_models as m where m.state <> 'ok' order by m.model for no key update;
  return found;
end
$$;

-- A probe ends with the lease of its job. So one whose worker was killed is free when the lease runs out.
create or replace function generation_private.is_probed(stands public.generation_models)
returns boolean
language plpgsql
as $$
declare
  probe public.generation_jobs;
  held generation_private.queue_message;
begin
  select * into probe
  from public.generation_jobs as j
  where j.id = stands.probe_job and j.lease_token = stands.probe_lease and j.status = 'running';
  if not found then
    return false;
  end if;
  held := generation_private.find_message(probe.queue, probe.msg_id);
  return coalesce(held.read_ct = stands.probe_lease and held.vt > clock_timestamp(), false);
end
$$;

-- Whether a job need not wait for a model in trouble, if its worker has another one: the model is retired, or has been in
-- trouble for as long as the worker lets jobs wait. A job whose message names the model waits for it.
create or replace function generation_private.is_passed_over(
  stands public.generation_models,
  requested_model text,
  fallback_after_seconds integer
)
returns boolean
language plpgsql stable
as $$
begin
  return requested_model = '' and coalesce(
    stands.state = 'retired'
      or stands.since <= clock_timestamp() - make_interval(secs => fallback_after_seconds),
    false
  );
end
$$;

-- Which model takes a new job now: the one that its message names; else the one that it has to wait for by what a worker
-- found out, and then those of the worker. probes: it rests, and the job is to find out how it stands. taken_by is null
-- when the job has to wait, for held_up_by. One that names a model which the worker does not have waits for nothing: the
-- worker fails it.
create or replace function generation_private.choose_model(
  worker generation_private.workers,
  requested_model text,
  waits_for text,
  out taken_by text,
  out probes boolean,
  out held_up_by text
)
language plpgsql
as $$
declare
  candidates constant text[] := case
    when requested_model <> '' then array[requested_model]
    when waits_for = any (worker.models) then array_prepend(waits_for, worker.models)
    else worker.models
  end;
  candidate text;
  stands public.generation_models;
  soonest timestamptz;
begin
  probes := false;
  if requested_model <> '' and requested_model <> all (worker.models) then
    taken_by := requested_model;
    return;
  end if;
  foreach candidate in array candidates loop
    select * into stands from public.generation_models as m where m.model = candidate and m.state <> 'ok';
    probes := found;
    if not found or (stands.rests_until <= clock_timestamp() and not generation_private.is_probed(stands)) then
      taken_by := candidate;
      held_up_by := null;
      return;
    end if;
    if not generation_private.is_passed_over(stands, requested_model, worker.fallback_after_seconds) then
      held_up_by := candidate;
      exit;
    end if;
    if soonest is null or stands.rests_until < soonest then
      soonest := stands.rests_until;
      held_up_by := candidate;
    end if;
  end loop;
  probes := false;
end
$$;

-- What a worker has to know of the models in trouble that a job may use, by model; null when there is none. probe: the job
-- is to find out how this one stands. seconds: what is left of the rest, at least 1; while another job probes, a short
-- while.
create or replace function generation_private.unavailable_models(
  worker generation_private.workers,
  job public.generation_jobs
)
returns jsonb
language plpgsql
as $$
begin
  return (
    select jsonb_object_agg(m.model, jsonb_build_object(
      'state', m.state,
      'seconds', case
        when m.rests_until > clock_timestamp() then ceil(extract(epoch from m.rests_until - clock_timestamp()))
        when not m.probes and generation_private.is_probed(m.stands) then 15
        else 1
      end,
      'probe', m.probes,
      'passed_over', m.state = 'retired'
        or generation_private.is_passed_over(m.stands, job.requested_model, worker.fallback_after_seconds),
      'code', m.code,
      'reason', m.reason
    ))
    from (
      select stands.*, stands,
        (stands.probe_job, stands.probe_lease) is not distinct from (job.id, job.lease_token) as probes
      from public.generation_models as stands
      where stands.state <> 'ok' and (stands.model = any (worker.models) or stands.model = job.requested_model)
    ) as m
  );
end
$$;
