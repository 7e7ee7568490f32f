-- pgmq.read gives the message to its caller; the worker has lost its lease then.
begin;
select plan(3);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
create temporary table lease as select * from public.claim_generation_jobs('image_generation_queue', 30, 1);
update pgmq.q_image_generation_queue set vt = clock_timestamp();
select msg_id from pgmq.read('image_generation_queue', 0, 1);

select is(public.extend_generation_lease('image_generation_queue', msg_id, lease_token, 30), false,
  'the lease is no longer held') from lease;
create temporary table again as select * from public.claim_generation_jobs('image_generation_queue', 30, 1);
select is((select job_id from again), (select job_id from lease), 'the next claim takes the same job');
select ok(lease_token = 3 and attempts = 2, 'attempts are counted by us, reads by pgmq') from again;

select * from finish();
rollback;
