-- What the jobs became: how many an hour, how long they took, why they failed, what they cost.

create or replace view public.generation_throughput as
select date_trunc('hour', job.finished_at, 'UTC') as hour, job.kind,
  count(*) filter (where job.status = 'succeeded') as succeeded,
  count(*) filter (where job.status = 'failed') as failed,
  count(*) filter (where job.status = 'cancelled') as cancelled
from public.generation_jobs as job
where job.queue = any (generation_private.queue_names()) and job.finished_at > now() - interval '7 days'
group by 1, 2;
comment on view public.generation_throughput is
  'Jobs that ended, by the hour of their end (UTC), of the last 7 days. An hour in which none ended has no row.';
select generation_private.grant_to_service_role('select', 'table public.generation_throughput');

create or replace view public.generation_latency as
select times.kind, count(*) as jobs,
  percentile_cont(0.5) within group (order by times.waited) as waited_p50_seconds,
  percentile_cont(0.95) within group (order by times.waited) as waited_p95_seconds,
  percentile_cont(0.5) within group (order by times.took) as took_p50_seconds,
  percentile_cont(0.95) within group (order by times.took) as took_p95_seconds,
  percentile_cont(0.5) within group (order by times.waited + times.took) as total_p50_seconds,
  percentile_cont(0.95) within group (order by times.waited + times.took) as total_p95_seconds,
  percentile_cont(0.99) within group (order by times.waited + times.took) as total_p99_seconds
from (
  select job.kind,
    extract(epoch from job.started_at - job.enqueued_at)::double precision as waited,
    extract(epoch from job.finished_at - job.started_at)::double precision as took
  from public.generation_jobs as job
  where job.status = 'succeeded'
    and job.queue = any (generation_private.queue_names())
    and job.finished_at > now() - interval '24 hours'
    -- For those the time until they were redriven would count as waiting.
    and not job.history @> '[{"event": "redriven"}]'
    and isfinite(job.enqueued_at)
) as times
group by times.kind;
comment on view public.generation_latency is
  'Seconds of the jobs that succeeded in the last 24 hours: waited (sent to first claim), took (first claim to asset, '
  'retries included) and both. A delay that the sender asked for counts as waiting; jobs that were redriven are left out.';
select generation_private.grant_to_service_role('select', 'table public.generation_latency');

-- The last message is looked up: sorted along with all the others they would be hundreds of megabytes.
create or replace view public.generation_failures as
select of_reason.kind, of_reason.error_code, of_reason.jobs, of_reason.first_at, of_reason.last_at,
  last.error_message as last_message, of_reason.last_job_id
from (
  select job.kind, job.error_code, count(*) as jobs, min(job.finished_at) as first_at,
    max(job.finished_at) as last_at,
    (array_agg(job.id order by job.finished_at desc))[1] as last_job_id
  from public.generation_jobs as job
  where job.status = 'failed'
  group by job.kind, job.error_code
) as of_reason
join public.generation_jobs as last on last.id = of_reason.last_job_id;
comment on view public.generation_failures is
  'The jobs that have failed and were not sent again, by the reason.';
select generation_private.grant_to_service_role('select', 'table public.generation_failures');

create or replace view public.generation_costs as
select (job.finished_at at time zone 'UTC')::date as day, job.kind, job.model, job.storyboard_id, job.owner,
  count(*) as jobs, sum(job.cost_usd) as cost_usd
from public.generation_jobs as job
where job.status = 'succeeded' or job.finished_at is not null and job.cost_usd > 0
group by 1, 2, 3, 4, 5;
comment on view public.generation_costs is
  'The estimated cost of the jobs that ended in US dollars, by day (UTC), kind, model, storyboard and owner. Jobs without '
  'an asset count where a reply was lost that has probably cost something.';
select generation_private.grant_to_service_role('select', 'table public.generation_costs');

-- A worker begins nothing that would probably outlast it. One outlier says nothing about the next generation, so one in twenty
-- is left out, rounded down: of less than twenty the slowest counts.
create or replace function public.slowest_generations(queue_name text)
returns table (model text, image_size text, seconds double precision)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform generation_private.check_queue(queue_name);
  return query
    select recent.model, generation_private.message_text(recent.message, 'imageSize', 16),
      percentile_disc(0.95) within group (order by recent.generation_seconds)
    from (
      select job.model, job.message, job.generation_seconds
      from public.generation_jobs as job
      where job.queue = queue_name
        and job.finished_at > clock_timestamp() - interval '1 hour'
      order by job.finished_at desc
      limit 200
    ) as recent
    where recent.generation_seconds is not null
    group by 1, 2;
end
$$;
comment on function public.slowest_generations is
  'Within how many seconds the provider made 95 % of the assets, by model and image size (null: none was asked for), of '
  'the last 200 jobs that ended within the last hour.';
select generation_private.grant_to_service_role('execute', 'function public.slowest_generations');
