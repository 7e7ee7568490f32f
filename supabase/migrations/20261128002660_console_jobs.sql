-- What is going on, and why it does not go on: the live jobs of a storyboard, or of all.

-- The jobs in hand first, then the queued ones in the order in which they are claimed.
create or replace function generation_private.live_jobs(storyboard text, quantity integer)
returns setof public.generation_jobs
language plpgsql stable
as $$
begin
  if storyboard is not null then
    return query
    select j.*
    from public.generation_jobs as j
    where j.storyboard_id = storyboard and j.status in ('queued', 'running', 'waiting')
    order by j.status = 'queued', -j.priority, j.turn, j.msg_id
    limit quantity;
    return;
  end if;
  return query
  select job.*
  from unnest(generation_private.queue_names()) as q (name)
  cross join lateral (
    (
      select j.*
      from public.generation_jobs as j
      where j.queue = q.name and j.status in ('running', 'waiting')
      limit quantity
    )
    union all
    (
      select j.*
      from public.generation_jobs as j
      where j.queue = q.name and j.status = 'queued'
      order by -j.priority, j.turn, j.msg_id
      limit quantity
    )
    limit quantity
  ) as job;
end
$$;

-- The place of the first thousand of each queue. Further back, a place no longer says how long to wait.
create or replace function generation_private.first_positions()
returns table (job_id uuid, place bigint)
language plpgsql stable
as $$
begin
  return query
  select first.id, row_number() over (partition by q.name order by -first.priority, first.turn, first.msg_id)
  from unnest(generation_private.queue_names()) as q (name)
  cross join lateral (
    select j.id, j.priority, j.turn, j.msg_id
    from public.generation_jobs as j
    where j.queue = q.name and j.status = 'queued'
    order by -j.priority, j.turn, j.msg_id
    limit 1000
  ) as first;
end
$$;

-- The models whose limit is reached, and when the next request is allowed; null when a job in flight has to end.
create or replace function generation_private.full_limits()
returns table (model text, reached text, most integer, until timestamptz)
language plpgsql stable
as $$
begin
  return query
  select l.model,
    case when l.in_flight_now >= l.jobs_in_flight then 'jobs_in_flight' else 'requests_per_minute' end,
    case when l.in_flight_now >= l.jobs_in_flight then l.jobs_in_flight else l.requests_per_minute end,
    case when coalesce(l.in_flight_now < l.jobs_in_flight, true) then (
      select min(r.granted_at) + interval '1 minute'
      from generation_private.requests as r
      where r.model = l.model and r.granted_at > now() - interval '1 minute'
    ) end
  from public.generation_limits_in_use as l
  where l.in_flight_now >= l.jobs_in_flight or l.begun_last_minute >= l.requests_per_minute;
end
$$;

-- Why the queued jobs of each line wait: for a model in trouble, or for one whose limit is reached. No row: they do not.
create or replace function generation_private.held_lines()
returns table (queue text, requested_model text, waits_for text, held jsonb)
language plpgsql stable
as $$
begin
  return query
  select line.queue, line.requested_model, line.waits_for,
    case
      when m.model is not null then jsonb_build_object(
        'by', 'model', 'model', m.model, 'state', m.state, 'until', m.rests_until, 'code', m.code,
        'reason', left(m.reason, 300)
      )
      else jsonb_build_object('by', 'limit', 'model', l.model, 'limit', l.reached, 'most', l.most, 'until', l.until)
    end
  from generation_private.choices_of_lines() as line
  left join public.generation_models as m on m.model = line.held_up_by and m.state <> 'ok'
  left join generation_private.full_limits() as l on l.model = line.taken_by
  where m.model is not null or l.model is not null;
end
$$;

-- Why one job waits; null when nothing holds it.
create or replace function generation_private.held_of(job public.generation_jobs)
returns jsonb
language plpgsql stable
as $$
begin
  return coalesce(
    generation_private.held_up_by(job) || '{"by": "model"}',
    case
      when job.status = 'queued'
        and job.submission_started_at is null
        and exists (select from public.generation_limits as l where l.model is not null)
        then (
          select h.held
          from generation_private.held_lines() as h
          where h.queue = job.queue and h.requested_model = job.requested_model and h.waits_for = job.waits_for
        )
    end
  );
end
$$;

create or replace function public.generation_live_jobs(storyboard_id text default null, quantity integer default 1000)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform generation_private.check_between('quantity', quantity, 1, 5000, 'jobs');
  return jsonb_build_object(
    'now', clock_timestamp(),
    'changed_at', (
      select max(j.updated_at) from public.generation_jobs as j where j.storyboard_id = generation_live_jobs.storyboard_id
    )
  ) || generation_private.bounded_list(
    'jobs',
    array(
      select jsonb_build_object(
        'id', job.id, 'kind', job.kind, 'status', job.status, 'storyboard_id', job.storyboard_id,
        'scene_id', job.scene_id, 'character_id', job.character_id, 'prompt', left(job.prompt, 300),
        'attempts', job.attempts, 'priority', job.priority,
        'model', coalesce(job.submission_model, job.leased_model, nullif(job.requested_model, '')),
        'source', generation_private.source_of(job.message),
        'edit', coalesce(job.message -> 'editMode' = 'true', false), 'position', p.place, 'held', coalesce(
          h.held, generation_private.held_up_by(job) || '{"by": "model"}'
        ),
        'visible_at', m.vt, 'error_code', job.error_code, 'error_message', left(job.error_message, 300),
        'enqueued_at', job.enqueued_at, 'started_at', job.started_at, 'submitted_at', job.submitted_at
      )
      from generation_private.live_jobs(generation_live_jobs.storyboard_id, quantity + 1) as job
      cross join lateral generation_private.find_message(job.queue, job.msg_id) as m
      left join generation_private.first_positions() as p on p.job_id = job.id
      left join generation_private.held_lines() as h
        on h.queue = job.queue
        and h.requested_model = job.requested_model
        and h.waits_for = job.waits_for
        and job.status = 'queued'
        and job.submission_started_at is null
      order by job.status = 'queued', p.place, job.enqueued_at
    ),
    quantity
  );
end
$$;
comment on function public.generation_live_jobs is
  'The live jobs of a storyboard, or of all when it is null, at most quantity (1 to 5000) and 4 MB, as one JSON object: now '
  '(the database''s time), changed_at (when anything of the storyboard changed last), jobs, with position (of the first '
  'thousand of a queue), visible_at and held: by a model in trouble or a limit, why, and until when; and more: whether there '
  'are others than these.';
select generation_private.grant_to_service_role('execute', 'function public.generation_live_jobs');
