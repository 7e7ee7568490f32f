-- The metrics of a ledger that holds half a million jobs, in one pass through two indexes (generation_jobs_status,
-- generation_jobs_ended).

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
      count(*) filter (where j.status = 'queued') as queued,
      count(*) filter (where j.status = 'running') as running,
      count(*) filter (where j.status = 'waiting') as waiting,
      count(*) filter (where j.status = 'succeeded') as succeeded,
      count(*) filter (where j.status = 'failed') as failed,
      count(*) filter (where j.status = 'cancelled') as cancelled,
      sum(j.cost_usd) as cost_usd
    from (
      select l.queue, l.status, null::numeric as cost_usd
      from public.generation_jobs as l
      where l.status in ('queued', 'running', 'waiting')
      union all
      select e.queue, e.status, e.cost_usd
      from public.generation_jobs as e
      where e.queue = any (generation_private.queue_names()) and e.finished_at is not null
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
