begin;
select plan(10);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', jsonb_build_object('storyboardId', 'sb', 'prompt', n::text))
from generate_series(1, 5) as n;
select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "later"}', 600);
create temporary table lease as
select *, message ->> 'prompt' as n from public.claim_generation_jobs('image_generation_queue', 30, 3);
select public.complete_generation_job('image_generation_queue', msg_id, lease_token, 'p', 'u', 'image/png', 'm', null, 0.039)
from lease where n = '1';
select public.fail_generation_job('image_generation_queue', msg_id, lease_token, 'no_image', 'x') from lease where n = '2';
update pgmq.q_image_generation_queue set vt = clock_timestamp() - interval '42 s'
where msg_id = (select msg_id from public.generation_jobs where prompt = '4');

create temporary table metrics as select * from public.generation_metrics();
select is(
  (select array_agg(queue order by queue) from metrics),
  array['image_generation_queue', 'video_generation_queue'], 'a row for each queue'
);
select is(
  array[visible, in_flight, delayed, queued, running, waiting, succeeded, failed, cancelled],
  array[2, 1, 1, 3, 1, 0, 1, 1, 0]::bigint[],
  'messages and jobs are counted'
) from metrics where queue = 'image_generation_queue';
select ok(oldest_visible_seconds between 42 and 60 and cost_usd = 0.039, 'how long the oldest waits, what all cost')
from metrics where queue = 'image_generation_queue';
select is(
  array[visible, in_flight, delayed, queued]::text || coalesce(oldest_visible_seconds::text, 'null') || cost_usd,
  '{0,0,0,0}null0', 'an empty queue has nothing'
) from metrics where queue = 'video_generation_queue';

-- The schedule counts those that ended more than an hour ago, once.
update public.generation_jobs set finished_at = finished_at - interval '2 hours' where finished_at is not null;
select generation_private.count_ended_jobs(), generation_private.count_ended_jobs();
select is(
  (select array[succeeded, failed, cancelled]::text || cost_usd from public.generation_metrics() limit 1), '{1,1,0}0.039000',
  'what was counted is shown as before'
);
select public.cancel_generation_job(id) from public.generation_jobs where prompt = '5';
select public.redrive_generation_jobs(error_code => 'no_image');
select is(
  (select array[queued, succeeded, failed, cancelled] from public.generation_metrics() limit 1), array[3, 1, 0, 1]::bigint[],
  'a job that is sent again counts no more among the failed, and one that has just ended counts as well'
);
delete from public.generation_publications;
select public.prune_generation_jobs('1 hour');
select is(
  (select array[succeeded, failed, cancelled]::text || cost_usd from public.generation_metrics() limit 1), '{0,0,1}0.000000',
  'nor does one that was pruned'
);
select generation_private.count_ended_jobs();
select is(sum(jobs), 0::numeric, 'which leaves no count') from generation_private.ended_counts;

-- A transaction of hours, or a clock that was set back, ends a job before what was counted.
insert into public.generation_jobs (queue, msg_id, status, enqueued_at, finished_at)
values ('image_generation_queue', 901, 'failed', now() - interval '2 days', now() - interval '2 days');
update generation_private.ended_counted set ended_before = ended_before - interval '1 day';
select generation_private.count_ended_jobs();
select is((select failed from public.generation_metrics() limit 1), 1::bigint, 'all are counted again on another day');
delete from public.generation_jobs where msg_id = 901; -- by hand
update generation_private.ended_counted set ended_before = now() + interval '1 minute';
select generation_private.count_ended_jobs();
select is((select failed from public.generation_metrics() limit 1), 0::bigint, 'and after a clock was set back');

select * from finish();
rollback;
