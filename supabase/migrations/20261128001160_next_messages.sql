-- Which messages a claim may take, and in which order: by priority and age, within the limits, and as the models stand.

-- The lines in which jobs wait for a worker: by the model that they name, of those that it has, and the one that they
-- wait for by what a worker found out; '' is none. Messages may name any number of other models: those are no lines.
create or replace function generation_private.lines(worker generation_private.workers)
returns table (requested_model text, waits_for text)
language plpgsql
as $$
begin
  foreach requested_model in array array_prepend('', worker.models) loop
    waits_for := '';
    while waits_for is not null loop
      return next;
      select j.waits_for into waits_for
      from public.generation_jobs as j
      where j.queue = worker.queue
        and j.requested_model = lines.requested_model
        and j.waits_for > lines.waits_for
        and j.finished_at is null
        and j.operation is null
        and j.submission_started_at is null
      order by j.waits_for
      limit 1;
    end loop;
  end loop;
end
$$;

-- The lines whose jobs can be taken now, and the model that takes them. probes: one of them, to find out how the model
-- stands. from_end: the last one, in turns: all those at the front may be the cause of the trouble.
create or replace function generation_private.open_lines(worker generation_private.workers, troubled boolean)
returns table (requested_model text, waits_for text, taken_by text, probes boolean, from_end boolean)
language plpgsql
as $$
begin
  if not troubled then
    return query
    select l.requested_model, l.waits_for, coalesce(nullif(l.requested_model, ''), worker.models[1]), false, false
    from generation_private.lines(worker) as l;
  else
    return query
    select l.requested_model, l.waits_for, chosen.taken_by, chosen.probes, chosen.probes and m.troubles % 2 = 1
    from generation_private.lines(worker) as l
    cross join lateral generation_private.choose_model(worker, l.requested_model, l.waits_for) as chosen
    left join public.generation_models as m on m.model = chosen.taken_by
    where chosen.taken_by is not null;
  end if;
end
$$;

-- The visible messages that a worker may be given: the first few of each open line whose model is not full, however many
-- wait behind them; the first few that name a model which the worker does not have; those with something submitted; and
-- while a model is in trouble those that have waited too long.
create or replace function generation_private.candidates(
  worker generation_private.workers,
  troubled boolean,
  full_models text[],
  quantity integer,
  locked boolean
)
returns table (
  msg_id bigint,
  line text,
  priority integer,
  turn bigint,
  model text,
  vt timestamptz,
  troubles integer,
  probes boolean,
  from_end boolean
)
language plpgsql
as $$
begin
  return query
  select distinct on (c.msg_id) c.*
  from (
    select m.msg_id, 'model ' || o.requested_model as line, m.priority, m.turn, coalesce(m.model, o.taken_by), m.vt,
      m.troubles, o.probes, o.from_end
    from generation_private.open_lines(worker, troubled) as o
    cross join lateral generation_private.first_messages(
      worker.queue, case when o.from_end then 'end of line' else 'line' end, case when o.probes then 20 else quantity end,
      locked,
      requested_model => o.requested_model, waits_for => o.waits_for
    ) as m
    where o.taken_by is null or o.taken_by <> all (full_models)
    union all
    select m.msg_id, 'model ', m.priority, m.turn, m.model, m.vt, m.troubles, false, false
    from (
      select name as above, lead(name) over (order by name collate "C") as below
      from unnest(array_prepend('', worker.models)) as name
    ) as gap
    cross join lateral generation_private.first_messages(
      worker.queue,
      case when worker.models is null then 'named' when gap.below is null then 'not_offered_last' else 'not_offered' end,
      quantity, locked,
      above => gap.above, below => gap.below
    ) as m
    union all
    select m.msg_id, 'overdue', m.priority, m.turn, m.model, m.vt, m.troubles, false, false
    from generation_private.first_messages(
      worker.queue, 'overdue', case when troubled then quantity else 0 end, locked,
      pending_before => clock_timestamp() - make_interval(secs => worker.job_deadline_seconds)
    ) as m
    union all
    select m.msg_id, 'submitted', m.priority, m.turn, m.model, m.vt, m.troubles, false, false
    from generation_private.first_messages(worker.queue, 'submitted', quantity, locked) as m
  ) as c
  order by c.msg_id, c.line;
end
$$;

-- The visible messages that a worker could claim by what the ledger knows of them: how many, and since when the first of
-- them is visible. in_ledger: how many are visible at all, and have a job. All at most so many of each line.
create or replace function generation_private.claimable_messages(
  worker generation_private.workers,
  troubled boolean,
  most integer,
  out quantity integer,
  out since timestamptz,
  out in_ledger integer
)
language plpgsql
as $$
begin
  with free as materialized (
    select f.model, f.places from generation_private.free_places(worker.queue) as f
  ),
  of_models as (
    select count(*) as jobs, min(c.vt) as visible_since,
      least(case when c.probes then 1 else count(*) end, f.places) as claimable
    from generation_private.candidates(worker, troubled, full_models => '{}', quantity => most, locked => false) as c
    left join free as f on f.model = c.model
    group by c.model, c.probes, f.places
  )
  select coalesce(sum(m.claimable), 0), min(m.visible_since) filter (where m.claimable > 0), coalesce(sum(m.jobs), 0)
  into quantity, since, in_ledger
  from of_models as m;
end
$$;

-- How many visible messages a worker could claim, at most so many, and since when the first of them is visible. What a
-- queue's workers have not said, because none has claimed with its models yet, keeps no message from being counted; nor
-- does a limit keep an orphaned message from it, which a claim has to adopt.
create or replace function generation_private.waiting_messages(
  queue_name text,
  moment timestamptz,
  most integer,
  out quantity integer,
  out since timestamptz
)
language plpgsql
as $$
declare
  troubled constant boolean := exists (select from public.generation_models as m where m.state <> 'ok');
  visible record;
  worker generation_private.workers;
  claimable record;
begin
  visible := generation_private.visible_messages(queue_name, moment, most);
  quantity := visible.quantity;
  since := visible.since;
  if quantity = 0
    or not (troubled or exists (select from generation_private.free_places(queue_name) as f where f.places < most))
  then
    return;
  end if;
  select * into worker from generation_private.workers as w where w.queue = queue_name;
  if not found then
    return;
  end if;
  claimable := generation_private.claimable_messages(worker, troubled, most);
  quantity := least(claimable.quantity, most);
  since := claimable.since;
  if not troubled and visible.quantity > claimable.in_ledger then
    quantity := least(quantity + visible.quantity - claimable.in_ledger, most);
    since := visible.since;
  end if;
end
$$;

-- The visible messages that are next within the limits, locked. They are put in order, in which the lines of one priority
-- take turns if the queue has a fair share, and of each model as many are left as there are places. One is left of a
-- model that is probed: a job that has met trouble before probes only if there is no other, since the trouble may be its own.
create or replace function generation_private.next_messages(
  worker generation_private.workers,
  troubled boolean,
  quantity integer
)
returns bigint[]
language plpgsql
as $$
declare
  in_turns constant boolean := exists (
    select from public.generation_limits as l where l.queue = worker.queue
  );
begin
  perform generation_private.forget_requests();
  return (
    with free as materialized (
      select f.model, f.places from generation_private.free_places(worker.queue) as f
      where worker.models is not null
    ),
    rounds as (
      select c.*, row_number() over (partition by c.line, c.priority order by c.turn, c.msg_id) as round
      from generation_private.candidates(
        worker, troubled, array(select f.model from free as f where f.places = 0), quantity, locked => true
      ) as c
    ),
    ordered as (
      select r.msg_id, r.model, r.probes,
        row_number() over (
          order by case when r.probes then r.troubles else 0 end,
            case when r.from_end then r.msg_id end desc nulls last,
            r.priority desc,
            case when in_turns then r.round end,
            case when in_turns then served.served_at end nulls first,
            r.msg_id
        ) as place
      from rounds as r
      left join generation_private.fair_share_cursors as served
        on in_turns and served.queue = worker.queue and served.line = r.line and served.priority = r.priority
    ),
    of_models as (
      select o.*, row_number() over (partition by o.model order by o.place) as of_model from ordered as o
    )
    select coalesce((array_agg(m.msg_id order by m.place))[:quantity], '{}')
    from of_models as m
    left join free as f on f.model = m.model
    where (f.model is null or m.of_model <= f.places) and (m.of_model = 1 or not m.probes)
  );
end
$$;
