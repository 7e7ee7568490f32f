-- Trouble with a model begins a rest, and a success ends it.
--
-- Here a model comes after the message and its row in the order of locks. Messages that are woken are skipped when they
-- are locked: a session that holds one has yet to see how the model stands, and waits for that.

-- How long a rest lasts: for each state from a floor to a ceiling, twice as long as the one before, and somewhat longer at
-- random, so that models which failed together are not probed together.
create or replace function generation_private.rest_seconds(state text, troubles integer, named_seconds integer)
returns integer
language plpgsql
as $$
declare
  shortest constant integer := case state when 'resting' then 15 when 'refused' then 60 else 21600 end;
  longest constant integer := case state when 'resting' then 300 when 'refused' then 900 else 86400 end;
begin
  return ceil(
    greatest(least(shortest * 2.0 ^ least(troubles - 1, 20), longest), named_seconds) * (1.01 + 0.24 * random())
  );
end
$$;

-- Whether a model has served a job since then.
create or replace function generation_private.has_served_since(model_name text, moment timestamptz)
returns boolean
language plpgsql
set enable_seqscan = off -- its plan may be from when the ledger was nearly empty
as $$
begin
  return exists (
    select
    from public.generation_jobs as j
    where j.queue = any (generation_private.queue_names())
      and j.finished_at > moment
      and j.status = 'succeeded'
      and generation_private.bare_model(j.model) = model_name
  );
end
$$;

-- Some jobs meet trouble whenever they are tried, while others succeed: a prompt that always ends in 500, an image that
-- the account may not edit, a request too large for any quota. Such trouble begins no rest of a model that stands ok:
--   an error of the provider, while the model serves others: during the attempt, or within the last minute and since an
--   earlier attempt met such trouble; for a job that has met it before, within the last ten. A quota is used up by those
--   that are served, and a submission that was announced may have been paid for: these begin a rest all the same;
--   whatever it is, after the job has caused two rests.
-- If the trouble is the model's after all, a job that begins later and meets it begins the rest.
create or replace function generation_private.is_own_trouble(
  job public.generation_jobs,
  stands public.generation_models,
  state text,
  code text,
  named_seconds integer
)
returns boolean
language plpgsql
as $$
declare
  recently constant timestamptz := clock_timestamp() - case job.own_troubles
    when 0 then interval '1 minute'
    else interval '10 minutes'
  end;
  doubted_at constant timestamptz := case
    when job.own_troubles = 0 and stands.doubted_at <= job.updated_at then stands.doubted_at
  end;
begin
  return stands.state = 'ok' and (job.troubles >= 2 or (
    state = 'resting'
    and code <> 'quota_exhausted'
    and named_seconds is null
    and (job.submission_started_at is null or job.operation is not null)
    and generation_private.has_served_since(stands.model, least(job.updated_at, greatest(doubted_at, recently)))
  ));
end
$$;

-- Has a job wait alone whose trouble is its own, longer each time.
create or replace function generation_private.hold_back(
  job public.generation_jobs,
  stands public.generation_models,
  state text,
  named_seconds integer
)
returns integer
language plpgsql
as $$
begin
  if job.own_trouble_lease_token is distinct from job.lease_token then
    update public.generation_jobs as j
    set own_troubles = j.own_troubles + 1, own_trouble_lease_token = j.lease_token
    where j.id = job.id
    returning j.* into job;
    update public.generation_models as m set doubted_at = clock_timestamp() where m.model = stands.model;
  end if;
  return generation_private.rest_seconds(state, job.own_troubles, named_seconds);
end
$$;

-- Begins a rest, or the next one in a row.
create or replace function generation_private.begin_rest(
  stands public.generation_models,
  state text,
  code text,
  reason text,
  named_seconds integer
)
returns public.generation_models
language plpgsql
as $$
declare
  moment constant timestamptz := clock_timestamp();
begin
  if stands.state = 'ok' and stands.updated_at < moment - interval '1 hour' then
    stands.since := null;
    stands.troubles := 0;
  elsif stands.state not in ('ok', begin_rest.state) then
    stands.troubles := 0;
  end if;
  stands.troubles := stands.troubles + 1;
  update public.generation_models as m
  set state = begin_rest.state,
      rests_until = moment + make_interval(
        secs => generation_private.rest_seconds(begin_rest.state, stands.troubles, named_seconds)
      ),
      code = left(begin_rest.code, 100),
      reason = left(begin_rest.reason, 1000),
      since = coalesce(stands.since, moment),
      troubles = stands.troubles,
      delay_named = named_seconds is not null,
      probe_job = null,
      probe_lease = null,
      updated_at = moment
  where m.model = stands.model
  returning m.* into stands;
  return stands;
end
$$;

-- How long a job waits that met a model's trouble: until the end of the rest, or until another model of its worker need not
-- wait any longer.
create or replace function generation_private.wait_seconds(job public.generation_jobs, stands public.generation_models)
returns integer
language plpgsql
as $$
declare
  rest constant interval := stands.rests_until - clock_timestamp();
  handing_over interval;
begin
  select stands.since + make_interval(secs => w.fallback_after_seconds) - clock_timestamp() into handing_over
  from generation_private.workers as w
  where w.queue = job.queue and cardinality(w.models) > 1 and job.requested_model = '' and job.operation is null;
  return greatest(ceil(extract(epoch from case
    when handing_over > interval '0' then least(rest, handing_over) else rest
  end)), 1);
end
$$;

create or replace function public.report_generation_trouble(
  queue_name text,
  msg_id bigint,
  lease_token integer,
  model text,
  state text,
  code text,
  reason text,
  rest_seconds integer default null
)
returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  name constant text := generation_private.bare_model(model);
  locked record;
  job public.generation_jobs;
  stands public.generation_models;
begin
  perform generation_private.check_given('model', name, 'the name of the model');
  perform generation_private.check_length('model', model, 256);
  perform generation_private.check_given('code', code, 'the code of the trouble');
  if state is null or state not in ('resting', 'refused', 'retired') then
    raise exception 'state: expected resting, refused or retired, got %',
      coalesce(quote_literal(left(state, 100)), 'null') using errcode = '22023';
  end if;
  if rest_seconds is not null then
    perform generation_private.check_between('rest_seconds', rest_seconds, 0, 86400, 'seconds');
  end if;
  locked := generation_private.lock_job(queue_name, msg_id, lease_token);
  if not locked.held then
    return null;
  end if;

  job := locked.job;
  insert into public.generation_models (model) values (name) on conflict do nothing;
  select * into stands from public.generation_models as m where m.model = name for no key update;
  if job.own_trouble_lease_token = lease_token -- reported before
    or generation_private.is_own_trouble(job, stands, state, code, rest_seconds)
  then
    return generation_private.hold_back(job, stands, state, rest_seconds);
  end if;
  -- Several jobs meet one trouble. Only the first of them counts, and then the probe.
  if stands.state = 'ok' or (stands.probe_job, stands.probe_lease) is not distinct from (job.id, lease_token) then
    update public.generation_jobs as j set troubles = j.troubles + 1 where j.id = job.id;
    stands := generation_private.begin_rest(stands, state, code, reason, rest_seconds);
  end if;
  return generation_private.wait_seconds(job, stands);
end
$$;
comment on function public.report_generation_trouble is
  'Says that a model cannot take jobs: state resting (the provider has trouble, or a quota is used up), refused (the '
  'account: key, billing, location) or retired (no such model), with code and reason. The model rests, longer each time, '
  'at least for the rest_seconds (0 to 86400) that the provider named. While it rests only the job that probes it '
  'changes anything. Nor does trouble that a job meets with a model that stands ok, if the model serves others or '
  'the job has caused two rests: then the job alone has to wait. Returns for how many seconds: to the end of '
  'the rest, or until another model takes the job; null: the lease is not held, nothing changed.';
select generation_private.grant_to_service_role('execute', 'function public.report_generation_trouble');

-- The model stands ok, and what waits for it can be claimed at once. forget: its trouble is over; else the next one
-- continues it, for an hour.
create or replace function generation_private.end_rest(model_name text, forget boolean)
returns void
language plpgsql
as $$
begin
  update public.generation_models as m
  set state = 'ok',
      rests_until = null,
      delay_named = false,
      probe_job = null,
      probe_lease = null,
      code = case when not forget then m.code end,
      reason = case when not forget then m.reason end,
      since = case when not forget then m.since end,
      troubles = case when forget then 0 else m.troubles end,
      updated_at = clock_timestamp()
  where m.model = model_name;
  perform generation_private.show_messages(queue_name, model_name), generation_private.wake(queue_name)
  from unnest(generation_private.queue_names()) as queue_name;
end
$$;

-- A model has served a job. finished: with an asset, and not only by taking a submission; operations that die one after
-- the other are trouble that goes on. A success that is not the probe's was begun earlier: it says nothing of an account
-- that is refused by now, or of a delay that the provider named.
create or replace function generation_private.model_served(
  job public.generation_jobs,
  model text,
  finished boolean
)
returns void
language plpgsql
as $$
declare
  stands public.generation_models;
begin
  select * into stands
  from public.generation_models as m
  where m.model = generation_private.bare_model(model_served.model) and (m.state <> 'ok' or m.troubles > 0)
  for no key update;
  if not found then
    return;
  end if;
  if stands.state = 'ok' and not finished then
    return;
  end if;
  if stands.state in ('refused', 'retired') or stands.delay_named then
    if (stands.probe_job, stands.probe_lease) is distinct from (job.id, job.lease_token) then
      return;
    end if;
  end if;
  perform generation_private.end_rest(stands.model, forget => finished);
end
$$;

-- The model for which a job is deferred, which stays as it is until the deferral has taken effect; empty when it stands
-- ok by now.
create or replace function generation_private.awaited_model(model text)
returns text
language plpgsql
as $$
declare
  name text;
begin
  select m.model into name
  from public.generation_models as m
  where m.model = generation_private.bare_model(awaited_model.model) and m.state <> 'ok'
  for share;
  return coalesce(name, '');
end
$$;

create or replace function public.reset_generation_models(model text default null)
returns setof text
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  name text;
begin
  for name in
    select m.model
    from public.generation_models as m
    where m.state <> 'ok'
      and m.model = coalesce(generation_private.bare_model(reset_generation_models.model), m.model)
    order by m.model
    for no key update
  loop
    perform generation_private.end_rest(name, forget => true);
    return next name;
  end loop;
end
$$;
comment on function public.reset_generation_models is
  'Ends the rest of a model, or of all, at once: for an operator who has put right what it rested for. Without it the next '
  'probe finds out. Returns the models that rested.';
select generation_private.grant_to_service_role('execute', 'function public.reset_generation_models');
