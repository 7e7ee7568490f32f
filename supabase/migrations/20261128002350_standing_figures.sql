-- How the models stand, for people and for charts: why jobs wait, until when, and what to do about it.

-- What an operator can do, as a command or a statement to be copied. Nothing but waiting helps when the provider has trouble.
create or replace function generation_private.remedy_of(code text, model text, kind text)
returns text
language plpgsql immutable
as $$
declare
  models constant text := case kind when 'image' then 'IMAGE_MODELS' else 'VIDEO_MODELS' end;
begin
  return case code
    when 'api_key_invalid' then case
      when model like 'vertex/%' then 'supabase secrets set GOOGLE_SERVICE_ACCOUNT_JSON="$(cat key.json)"'
      else 'supabase secrets set GOOGLE_GENERATIVE_AI_API_KEY=YOUR_GOOGLE_API_KEY'
    end
    when 'billing_refused' then '# pay, buy credits or raise the spending cap: https://ai.google.dev/gemini-api/docs/billing'
    when 'location_refused' then 'update generation_worker_settings set region = ''us-east-1'';'
    when 'account_refused' then '# see the reason: permissions, APIs and the state of the project are at https://console.cloud.google.com'
    when 'quota_exhausted' then format( -- never more than the limit that did not suffice
      'insert into generation_limits as l (model, requests_per_minute) values (%L, 10) on conflict (model) '
        'do update set requests_per_minute = least(l.requests_per_minute, excluded.requests_per_minute);',
      model
    )
    when 'model_unavailable' then
      format('supabase secrets set %s=MODEL  # one of https://ai.google.dev/gemini-api/docs/models', models)
    else '# wait: jobs go on by themselves'
  end;
end
$$;

-- What choose_model says of each line of jobs, for the workers that its queue has.
create or replace function generation_private.choices_of_lines()
returns table (queue text, requested_model text, waits_for text, taken_by text, probes boolean, held_up_by text)
language plpgsql stable
as $$
begin
  return query
  select w.queue, line.requested_model, line.waits_for, chosen.taken_by, chosen.probes, chosen.held_up_by
  from generation_private.workers as w
  cross join lateral generation_private.lines(w) as line
  cross join lateral generation_private.choose_model(w, line.requested_model, line.waits_for) as chosen;
end
$$;

-- The lines whose jobs have to wait, with the model that they wait for.
create or replace function generation_private.held_up_lines()
returns table (queue text, requested_model text, waits_for text, model text)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from public.generation_models as m where m.state <> 'ok') then
    return;
  end if;
  return query
  select line.queue, line.requested_model, line.waits_for, line.held_up_by
  from generation_private.choices_of_lines() as line
  where line.held_up_by is not null;
end
$$;
select generation_private.grant_to_service_role('execute', 'function generation_private.held_up_lines()');

-- What a job waits for; null when it need not wait for a model, or none of its queue's workers has said which it has.
create or replace function generation_private.held_up_by(job public.generation_jobs)
returns jsonb
language plpgsql stable
as $$
declare
  awaited text := nullif(job.waits_for, '');
begin
  if job.finished_at is not null or not exists (select from public.generation_models as m where m.state <> 'ok') then
    return null;
  end if;
  if job.status = 'queued' and job.submission_started_at is null then
    select chosen.held_up_by into awaited
    from generation_private.workers as worker
    cross join lateral generation_private.choose_model(worker, job.requested_model, job.waits_for) as chosen
    where worker.queue = job.queue;
  end if;
  return (
    select jsonb_build_object(
      'model', m.model, 'state', m.state, 'until', m.rests_until, 'code', m.code, 'reason', m.reason
    )
    from public.generation_models as m
    where m.model = awaited and m.state <> 'ok'
  );
end
$$;

create or replace function generation_private.standing()
returns table (
  model text,
  kind text,
  state text,
  since timestamptz,
  rests_until timestamptz,
  probed boolean,
  code text,
  reason text,
  remedy text,
  waiting_jobs bigint
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  with used as (
    select m.name as model, case w.queue when 'image_generation_queue' then 'image' else 'video' end as kind,
      w.queue, m.place
    from generation_private.workers as w
    cross join lateral unnest(w.models) with ordinality as m (name, place)
  ),
  -- One job of a line that probes may be claimed, and so may none while no worker comes: until then all of them wait.
  lines as (
    select line.queue, line.requested_model, line.waits_for,
      coalesce(line.held_up_by, case when line.probes then line.taken_by end) as model
    from generation_private.choices_of_lines() as line
    where exists (select from public.generation_models as stands where stands.state <> 'ok')
  ),
  waiting as (
    select l.queue, l.model, count(*) as jobs
    from lines as l
    join public.generation_jobs as j
      on j.queue = l.queue
      and j.requested_model = l.requested_model
      and j.waits_for = l.waits_for
      and j.finished_at is null
      and j.operation is null
      and j.submission_started_at is null
      and j.status = 'queued'
    where l.model is not null
    group by l.queue, l.model
    union all
    -- What was submitted is polled with the model that it waits for, whatever the lines of new jobs do.
    select j.queue, j.waits_for, count(*)
    from public.generation_jobs as j
    where j.waits_for <> ''
      and j.finished_at is null
      and (j.operation is not null or j.submission_started_at is not null)
    group by j.queue, j.waits_for
  )
  select coalesce(u.model, m.model), u.kind, coalesce(m.state, 'ok'), case when m.state <> 'ok' then m.since end,
    m.rests_until, coalesce(generation_private.is_probed(m), false), case when m.state <> 'ok' then m.code end,
    case when m.state <> 'ok' then m.reason end,
    case when m.state <> 'ok' then generation_private.remedy_of(m.code, m.model, u.kind) end,
    coalesce((select sum(w.jobs) from waiting as w where w.model = m.model and w.queue = coalesce(u.queue, w.queue)), 0)::bigint
  from used as u
  full join (select * from public.generation_models as stands where stands.state <> 'ok') as m on m.model = u.model
  order by u.kind, u.place, 1;
end
$$;
select generation_private.grant_to_service_role('execute', 'function generation_private.standing()');

create or replace view public.generation_standing as
select s.model, s.kind, s.state, s.since, s.rests_until, s.probed, s.code, s.reason, s.remedy, s.waiting_jobs
from generation_private.standing() as s;
comment on view public.generation_standing is
  'How each model of the workers stands, and any other that is in trouble: since when, when its rest is over, whether a '
  'job probes it now, why, what to do, and how many jobs wait for it.';
select generation_private.grant_to_service_role('select', 'table public.generation_standing');
