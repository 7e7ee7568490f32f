-- The figures of a console's plots that no view gives with an hour or a day of its own.

create or replace function public.generation_latency_by_hour(hours integer default 24)
returns table (
  hour timestamptz,
  kind text,
  jobs bigint,
  p50_seconds double precision,
  p95_seconds double precision,
  p99_seconds double precision
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform generation_private.check_between('hours', hours, 1, 400, 'hours');
  return query
  select date_trunc('hour', job.finished_at, 'UTC'), job.kind, count(*),
    percentile_cont(0.5) within group (order by extract(epoch from job.finished_at - job.started_at)::double precision),
    percentile_cont(0.95) within group (order by extract(epoch from job.finished_at - job.started_at)::double precision),
    percentile_cont(0.99) within group (order by extract(epoch from job.finished_at - job.started_at)::double precision)
  from public.generation_jobs as job
  where job.queue = any (generation_private.queue_names())
    and job.finished_at > date_trunc('hour', now(), 'UTC') - make_interval(hours => hours)
    and job.status = 'succeeded'
  group by 1, 2
  order by 1, 2;
end
$$;
comment on function public.generation_latency_by_hour is
  'Seconds from the first claim to the asset, of the jobs that succeeded in the last hours (1 to 400), by the hour of '
  'their end (UTC) and kind. An hour in which none succeeded has no row.';
select generation_private.grant_to_service_role('execute', 'function public.generation_latency_by_hour');

-- Day by day: each is one stretch of the index, with few sums to keep, so that a million jobs take a quarter of a second.
create or replace function public.generation_recent_costs(days integer default 14)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform generation_private.check_between('days', days, 1, 90, 'days');
  return (
    with paid as materialized (
      select d.day, of_day.*
      from generate_series(0, days - 1) as ago
      cross join lateral (select (now() at time zone 'UTC')::date - ago as day) as d
      cross join lateral (
        select job.kind, job.storyboard_id, count(*) as jobs, coalesce(sum(job.cost_usd), 0) as cost_usd
        from public.generation_jobs as job
        where job.queue = any (generation_private.queue_names())
          and job.finished_at >= d.day::timestamp at time zone 'UTC'
          and job.finished_at < (d.day + 1)::timestamp at time zone 'UTC'
          and (job.status = 'succeeded' or job.cost_usd > 0)
        group by job.kind, job.storyboard_id
      ) as of_day
    )
    select jsonb_build_object(
      'days', (
        select coalesce(jsonb_agg(to_jsonb(d) order by d.day, d.kind), '[]')
        from (
          select p.day, p.kind, sum(p.jobs) as jobs, sum(p.cost_usd) as cost_usd from paid as p group by p.day, p.kind
        ) as d
      ),
      'storyboards', (
        select coalesce(jsonb_agg(to_jsonb(s) order by s.cost_usd desc, s.storyboard_id), '[]')
        from (
          select p.storyboard_id, sum(p.jobs) as jobs, sum(p.cost_usd) as cost_usd
          from paid as p
          group by p.storyboard_id
          having sum(p.cost_usd) > 0
          order by 3 desc, 1
          limit 20
        ) as s
      )
    )
  );
end
$$;
comment on function public.generation_recent_costs is
  'The estimated cost in US dollars of the jobs that ended within the last days (1 to 90, UTC, today included), as one '
  'JSON object: days (day, kind, jobs, cost_usd), and the 20 storyboards that cost most (storyboard_id, jobs, cost_usd). '
  'The same jobs count as in generation_costs.';
select generation_private.grant_to_service_role('execute', 'function public.generation_recent_costs');
