begin;
select plan(6);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select is(public.generation_recent_costs(), '{"days": [], "storyboards": []}', 'nothing was paid');
insert into public.generation_jobs (queue, msg_id, status, message, enqueued_at, started_at, finished_at, cost_usd)
select 'image_generation_queue', n, 'succeeded', jsonb_build_object('storyboardId', case n % 2 when 0 then 'even' else 'odd' end),
  at - make_interval(secs => n), at - make_interval(secs => n), at, 0.5
from (select date_trunc('hour', now(), 'UTC') - interval '20 minutes' as at) as time, generate_series(1, 101) as n;
insert into public.generation_jobs (queue, msg_id, status, message, enqueued_at, finished_at, cost_usd)
values ('video_generation_queue', 1, 'succeeded', '{"storyboardId": "old"}', now(), now() - interval '20 days', 9);

select results_eq(
  'select hour, kind, jobs, p50_seconds, p95_seconds, p99_seconds from public.generation_latency_by_hour(2)',
  $$ values (date_trunc('hour', now(), 'UTC') - interval '1 hour', 'image', 101::bigint, 51::double precision,
    96::double precision, 100::double precision) $$,
  'how long the jobs of an hour took'
);
select is(
  public.generation_recent_costs(3) -> 'storyboards',
  '[{"storyboard_id": "odd", "jobs": 51, "cost_usd": 25.500000}, {"storyboard_id": "even", "jobs": 50, "cost_usd": 25.000000}]',
  'what the storyboards cost lately, the most expensive first'
);
select is(
  (select sum((day ->> 'cost_usd')::numeric) from jsonb_array_elements(public.generation_recent_costs(30) -> 'days') as day),
  59.5, 'and the days, for as long as was asked'
);

insert into public.generation_jobs (queue, msg_id, status, message, enqueued_at, finished_at)
values ('video_generation_queue', 2, 'succeeded', '{"storyboardId": "priceless"}', now(), now());
select is(
  (public.generation_recent_costs(1) -> 'days' -> -1) - 'day', '{"kind": "video", "jobs": 1, "cost_usd": 0}',
  'a result without a price is counted'
);

insert into public.generation_jobs (queue, msg_id, status, message, enqueued_at, finished_at, cost_usd)
select 'image_generation_queue', -n, 'succeeded', '{"storyboardId": "many"}', now(), now() - make_interval(mins => n), 0.5
from generate_series(1, 5000) as n;
analyze public.generation_jobs;
create temporary table scans as
select seq_scan, pg_stat_get_xact_numscans('public.generation_jobs_ended'::regclass) as of_index
from pg_stat_xact_user_tables where relid = 'public.generation_jobs'::regclass;
select public.generation_recent_costs(14);
select ok(
  stats.seq_scan = scans.seq_scan
    and pg_stat_get_xact_numscans('public.generation_jobs_ended'::regclass) - of_index between 14 and 28,
  'of many jobs, each day is one stretch of an index for each queue'
) from scans, pg_stat_xact_user_tables as stats where relid = 'public.generation_jobs'::regclass;

select * from finish();
rollback;
