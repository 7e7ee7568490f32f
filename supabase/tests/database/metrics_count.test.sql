begin;
select plan(4);
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

select * from finish();
rollback;
