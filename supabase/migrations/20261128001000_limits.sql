-- Limits that hold for all workers together: a model's requests per minute and jobs in flight, and a fair share of
-- a queue. The claim enforces them; without a row there is none.

create table if not exists public.generation_limits (
  id bigint primary key generated always as identity,
  model text unique,
  queue text unique,
  requests_per_minute integer check (requests_per_minute >= 0),
  jobs_in_flight integer check (jobs_in_flight >= 0),
  fair_share text check (fair_share in ('storyboard', 'owner')),
  constraint generation_limits_queue
    check (queue in ('image_generation_queue', 'video_generation_queue')),
  constraint generation_limits_model
    check (model <> '' and model not like 'models/%'),
  constraint generation_limits_of_model_or_queue
    check (num_nonnulls(model, queue) = 1),
  constraint generation_limits_of_model
    check (model is null or (fair_share is null and num_nonnulls(requests_per_minute, jobs_in_flight) > 0)),
  constraint generation_limits_of_queue
    check (queue is null or (fair_share is not null and num_nonnulls(requests_per_minute, jobs_in_flight) = 0))
);
comment on table public.generation_limits is
  'Limits for all workers together, one row for a model or for a queue; without a row there is no limit.';
comment on column public.generation_limits.model is
  'The model that requests_per_minute and jobs_in_flight are for, without models/.';
comment on column public.generation_limits.queue is 'The queue that fair_share is for.';
comment on column public.generation_limits.requests_per_minute is
  'Jobs that may begin with the model in any 60 seconds; 0 stops it. Polling a video is no request.';
comment on column public.generation_limits.jobs_in_flight is
  'Jobs that may be in flight with the model, videos with an operation included; 0 stops it.';
comment on column public.generation_limits.fair_share is
  'Whose jobs take turns: storyboard or owner. One that sends a thousand does not delay the others.';

alter table public.generation_limits enable row level security;
select generation_private.grant_to_service_role('select, insert, update, delete', 'table public.generation_limits');

-- One row for a job that was begun with a model whose requests are counted, for a minute.
create table if not exists generation_private.requests (
  granted_at timestamptz not null,
  model text not null,
  job_id uuid not null,
  lease_token integer not null,
  primary key (job_id, lease_token)
);
comment on table generation_private.requests is
  'The requests of the last minute, by the claims that granted them. Not for longer: nothing else counts them.';
create index if not exists requests_granted on generation_private.requests (granted_at, model);

-- A job that was released, claimed and not begun, used no request. It is the only deferral that neither counts as an
-- attempt nor names an error.
create or replace function generation_private.return_request(job public.generation_jobs)
returns void
language plpgsql
as $$
begin
  delete from generation_private.requests as r
  where r.job_id = job.id and r.lease_token = job.lease_token and job.operation is null;
end
$$;

-- Whether the queue has limits. They are locked until this claim has taken effect: two claims would grant the same
-- place. A message may name any model, so all models are locked, unless the worker names none. Limits come before
-- messages in the order of locks, and nothing else locks them.
create or replace function generation_private.lock_limits(queue_name text, of_models boolean)
returns boolean
language plpgsql
as $$
begin
  perform
  from public.generation_limits as l
  where l.queue = queue_name or (l.model is not null and of_models)
  order by l.id
  for no key update;
  return found;
end
$$;

-- How many more jobs may begin now with each model that has limits. A lease that has run out belonged to a worker that
-- died: its call is over, but not what it submitted.
create or replace function generation_private.free_places(queue_name text)
returns table (model text, places integer)
language plpgsql
as $$
declare
  moment constant timestamptz := clock_timestamp();
begin
  return query
  with in_flight as (
    select generation_private.bare_model(coalesce(j.submission_model, j.leased_model)) as model,
      count(*) as jobs
    from public.generation_jobs as j
    where j.queue = queue_name
      and j.status in ('running', 'waiting')
      and (j.operation is not null or j.id in (select generation_private.jobs_in_hand(queue_name)))
      and exists (select from public.generation_limits as l where l.jobs_in_flight is not null)
    group by 1
  )
  select l.model,
    greatest(0, least(
      l.requests_per_minute - (
        -- Those that seem to come later are of a clock that was set back.
        select count(*) from generation_private.requests as r
        where r.model = l.model and r.granted_at > moment - interval '1 minute' and r.granted_at <= moment
      ),
      l.jobs_in_flight - coalesce((select f.jobs from in_flight as f where f.model = l.model), 0)
    ))::integer
  from public.generation_limits as l
  where l.model is not null;
end
$$;

-- Forgets what counts no more.
create or replace function generation_private.forget_requests()
returns void
language plpgsql
as $$
begin
  delete from generation_private.requests as r
  where r.granted_at not between clock_timestamp() - interval '1 minute' and clock_timestamp();
end
$$;

-- A job that was just claimed may make a request of its model. Polling an operation is none.
create or replace function generation_private.count_request(job public.generation_jobs)
returns void
language plpgsql
as $$
begin
  insert into generation_private.requests (granted_at, model, job_id, lease_token)
  select clock_timestamp(), l.model, job.id, job.lease_token
  from public.generation_limits as l
  where l.model = job.leased_model
    and l.requests_per_minute is not null
    and job.operation is null
    and job.submission_started_at is null;
end
$$;
