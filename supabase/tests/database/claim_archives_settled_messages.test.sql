-- A message whose job has ended must not be worked on, however it got back to the queue.
begin;
select plan(8);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue, pgmq.a_video_generation_queue;
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

-- A video that may have been paid for.
select pgmq.send('video_generation_queue', '{"prompt": "paid"}');
create temporary table lease as select * from public.claim_generation_jobs('video_generation_queue', 600, 1);
select public.begin_generation_submission('video_generation_queue', msg_id, lease_token, 'veo') from lease;
select public.fail_generation_job('video_generation_queue', msg_id, lease_token, 'submission_uncertain', 'x') from lease;
create function pg_temp.copy_back() returns void language sql as $$
  insert into pgmq.q_video_generation_queue (msg_id, read_ct, enqueued_at, vt, message, headers) overriding system value
  select msg_id, read_ct, enqueued_at, now(), message, headers from pgmq.a_video_generation_queue
$$;
select pg_temp.copy_back();
select is(count(*), 1::bigint, 'a message that was copied back has the job that it had')
from public.generation_jobs where queue = 'video_generation_queue';
select is_empty($$ select public.claim_generation_jobs('video_generation_queue', 600, 1) $$, 'which is not begun again');
insert into public.generation_limits (queue, fair_share) values ('video_generation_queue', 'owner');
select pg_temp.copy_back();
select is_empty($$ select public.claim_generation_jobs('video_generation_queue', 600, 1) $$, 'with limits neither');
select is(
  (select count(*) from pgmq.q_video_generation_queue) || ' ' || (select count(*) from pgmq.a_video_generation_queue),
  '0 1', 'and is archived again'
);

select * from finish();
rollback;
