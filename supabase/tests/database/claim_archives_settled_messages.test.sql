-- A message whose job has ended must not be worked on, however it got back to the queue.
begin;
select plan(4);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', jsonb_build_object('storyboardId', 'sb', 'prompt', n::text))
from generate_series(1, 3) as n;
update public.generation_jobs set status = 'cancelled', finished_at = clock_timestamp()
where prompt in ('1', '2');

select is(
  (select array_agg(message ->> 'prompt')
   from public.claim_generation_jobs('image_generation_queue', 30, 1)),
  array['3'],
  'settled messages do not use up the quantity'
);
select is(count(*), 1::bigint, 'they are off the queue') from pgmq.q_image_generation_queue;
select is(count(*), 2::bigint, 'and in the archive')
from pgmq.a_image_generation_queue
where msg_id in (select msg_id from public.generation_jobs where status = 'cancelled');
select is(count(*), 2::bigint, 'their jobs are what they were')
from public.generation_jobs where status = 'cancelled' and error_code is null;

select * from finish();
rollback;
