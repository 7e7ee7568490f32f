-- The metrics of a ledger, however many jobs have ended: those that ended more than an hour ago are counted once
-- a day.

-- Rows are only added, so that no two sessions wait for each other; some take away what was counted.
create table if not exists generation_private.ended_counts (
  queue text not null,
  status text not null,
  jobs bigint not null,
  cost_usd numeric
);
comment on table generation_private.ended_counts is
  'The jobs that had ended by the time in generation_private.ended_counted: their sums are those of the ledger.';

create table if not exists generation_private.ended_counted (
  one_row boolean primary key default true check (one_row),
  ended_before timestamptz not null
);
comment on table generation_private.ended_counted is
  'The end of the jobs that are counted. What takes a counted job away locks the row, so that none is counted meanwhile.';
insert into generation_private.ended_counted (ended_before) values ('-infinity') on conflict do nothing;

-- Counts what has ended since the last time; the schedule calls it. Of the last hour nothing is counted: a job is ended
-- by a transaction that others see a little later. All is counted again on each new day, and after a clock was set
-- back: jobs may have been deleted by hand, or ended by a transaction of hours, or before what was counted.
create or replace function generation_private.count_ended_jobs()
returns void
language plpgsql
as $$
declare
  end_of_count constant timestamptz := now() - interval '1 hour';
  counted_before timestamptz;
begin
  select c.ended_before into counted_before from generation_private.ended_counted as c for update skip locked;
  if not found then
    return;
  end if;
  if counted_before > end_of_count or counted_before::date <> end_of_count::date then
    delete from generation_private.ended_counts;
    counted_before := '-infinity';
  end if;
  insert into generation_private.ended_counts (queue, status, jobs, cost_usd)
  select j.queue, j.status, count(*), sum(j.cost_usd)
  from public.generation_jobs as j
  where j.queue = any (generation_private.queue_names())
    and j.finished_at >= counted_before
    and j.finished_at < end_of_count
  group by j.queue, j.status;
  update generation_private.ended_counted set ended_before = end_of_count;
  with single as (
    delete from generation_private.ended_counts as c returning c.*
  )
  insert into generation_private.ended_counts (queue, status, jobs, cost_usd)
  select s.queue, s.status, sum(s.jobs), sum(s.cost_usd) from single as s group by s.queue, s.status;
end
$$;

-- Corrects the counts by a change of a job that may have been counted.
create or replace function generation_private.correct_counts(job public.generation_jobs, jobs integer, cost_usd numeric)
returns void
language plpgsql
as $$
begin
  with counted as (
    select c.ended_before from generation_private.ended_counted as c for share
  )
  insert into generation_private.ended_counts (queue, status, jobs, cost_usd)
  select job.queue, job.status, correct_counts.jobs, correct_counts.cost_usd
  from counted as c
  where job.finished_at < c.ended_before;
end
$$;

-- One statement that is returned as it is, and functions that are parallel restricted: or PostgreSQL would count with
-- one process alone.
create or replace function public.generation_metrics()
returns table (
  queue text,
  visible bigint,
  in_flight bigint,
  delayed bigint,
  oldest_visible_seconds double precision,
  queued bigint,
  running bigint,
  waiting bigint,
  succeeded bigint,
  failed bigint,
  cancelled bigint,
  cost_usd numeric
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  select q.name,
    coalesce(m.visible, 0),
    coalesce(m.in_hand, 0),
    coalesce(m.hidden - m.in_hand, 0),
    m.oldest_visible_seconds,
    coalesce(s.queued, 0),
    coalesce(s.running, 0),
    coalesce(s.waiting, 0),
    coalesce(s.succeeded, 0),
    coalesce(s.failed, 0),
    coalesce(s.cancelled, 0),
    coalesce(s.cost_usd, 0)
  from unnest(generation_private.queue_names()) with ordinality as q (name, place)
  cross join lateral generation_private.count_messages(q.name) as m
  left join (
    select j.queue,
      sum(j.jobs) filter (where j.status = 'queued')::bigint as queued,
      sum(j.jobs) filter (where j.status = 'running')::bigint as running,
      sum(j.jobs) filter (where j.status = 'waiting')::bigint as waiting,
      sum(j.jobs) filter (where j.status = 'succeeded')::bigint as succeeded,
      sum(j.jobs) filter (where j.status = 'failed')::bigint as failed,
      sum(j.jobs) filter (where j.status = 'cancelled')::bigint as cancelled,
      sum(j.cost_usd) as cost_usd
    from (
      select l.queue, l.status, count(*) as jobs, null::numeric as cost_usd
      from public.generation_jobs as l
      where l.status in ('queued', 'running', 'waiting')
      group by l.queue, l.status
      union all
      select e.queue, e.status, count(*), sum(e.cost_usd)
      from public.generation_jobs as e
      where e.queue = any (generation_private.queue_names())
        and e.finished_at >= (select c.ended_before from generation_private.ended_counted as c)
      group by e.queue, e.status
      union all
      select c.queue, c.status, c.jobs, c.cost_usd from generation_private.ended_counts as c
    ) as j
    group by j.queue
  ) as s on s.queue = q.name
  order by q.place;
end
$$;
comment on function public.generation_metrics is
  'One row a queue. Messages: visible, in_flight (hidden, a worker has them), delayed (hidden, no worker has them), '
  'oldest_visible_seconds (how long the longest waiting one could have been taken). Jobs by status. cost_usd: estimated '
  'cost of the jobs that have ended, in US dollars.';
select generation_private.grant_to_service_role('execute', 'function public.generation_metrics');
