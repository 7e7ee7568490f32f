-- Throughput, latency, failures and costs, from jobs whose times are known.
begin;
select plan(13);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select is_empty('select * from public.generation_latency', 'nothing has ended: no figures');

-- One hundred images an hour ago that waited 1 to 100 seconds and took 10, two older, some failures.
create temporary table base as select date_trunc('hour', now(), 'UTC') - interval '1 hour' as hour;
insert into public.generation_jobs (queue, msg_id, status, message, enqueued_at, started_at, finished_at, model, cost_usd)
select 'image_generation_queue', n, 'succeeded', '{"storyboardId": "sb", "owner": "ada"}', at - make_interval(secs => n + 10),
  at - interval '10 s', at, 'banana', 0.039
from base, lateral (select hour + interval '30 minutes' as at) as ended, generate_series(1, 100) as n;
insert into public.generation_jobs (queue, msg_id, status, message, enqueued_at, started_at, finished_at, model, cost_usd)
select 'image_generation_queue', 100 + n, 'succeeded', '{"storyboardId": "old"}', now() - make_interval(days => n),
  now() - make_interval(days => n), now() - make_interval(days => n), 'banana', 0.5
from unnest(array[3, 8]) as n;
insert into public.generation_jobs
  (queue, msg_id, status, message, enqueued_at, started_at, finished_at, error_code, error_message)
select 'video_generation_queue', n, case n when 4 then 'cancelled' else 'failed' end, '{"storyboardId": "sb"}',
  hour, hour, hour + make_interval(mins => n), case when n < 3 then 'content_blocked' else 'no_video' end, 'message ' || n
from base, generate_series(1, 4) as n;

select is(
  array_agg(format('%s %s %s %s', kind, succeeded, failed, cancelled) order by kind),
  array['image 100 0 0', 'video 0 3 1'], 'jobs are counted by the hour of their end'
) from public.generation_throughput join base using (hour);
select is(count(*), 3::bigint, 'hours of the last week only') from public.generation_throughput;

select is(array_agg(kind || ' ' || jobs), array['image 100'], 'latency is that of the last day''s successes')
from public.generation_latency;
select is(
  array[waited_p50_seconds, waited_p95_seconds, took_p50_seconds, took_p95_seconds]::numeric(8, 2)[],
  array[50.5, 95.05, 10, 10]::numeric(8, 2)[], 'how long they waited and took'
) from public.generation_latency;
select is(
  array[total_p50_seconds, total_p95_seconds, total_p99_seconds]::numeric(8, 2)[],
  array[60.5, 105.05, 109.01]::numeric(8, 2)[], 'and both'
) from public.generation_latency;
update public.generation_jobs set history = '[{"event": "redriven"}]' where msg_id <= 50 and kind = 'image';
select is(jobs, 50::bigint, 'jobs that were sent again are left out') from public.generation_latency;

select is(
  array_agg(format('%s %s %s %s', kind, error_code, jobs, last_message) order by error_code),
  array['video content_blocked 2 message 2', 'video no_video 1 message 3'], 'failures by reason, with the last message'
) from public.generation_failures;
select is(
  array[last_at - first_at, first_at - hour], array['1 minute', '1 minute']::interval[], 'since when and until when'
) from public.generation_failures, base where error_code = 'content_blocked';
select is(last_job_id, (select id from public.generation_jobs where error_message = 'message 2'), 'and a job to look at')
from public.generation_failures where error_code = 'content_blocked';

select is(
  array_agg(format('%s %s %s %s %s', kind, model, storyboard_id, owner, jobs) order by day desc),
  array['image banana sb ada 100', 'image banana old  1', 'image banana old  1'], 'costs by day, model, storyboard and owner'
) from public.generation_costs;
select is(cost_usd, 3.9, 'added up') from public.generation_costs where storyboard_id = 'sb';

insert into public.generation_jobs (queue, msg_id, status, message, enqueued_at, started_at, finished_at)
values ('image_generation_queue', 103, 'succeeded', '{}', '-infinity', now(), now());
select lives_ok('select * from public.generation_latency', 'a message that was put on its queue by hand may have any time');

select * from finish();
rollback;
