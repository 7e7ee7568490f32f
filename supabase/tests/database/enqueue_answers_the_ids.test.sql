begin;
select plan(6);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

create temporary table sent as
select * from public.enqueue_generation_job(
  'image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}'
);
select is(job.id, sent.job_id, 'the job''s id') from public.generation_jobs as job, sent;
select is(q.msg_id, sent.msg_id, 'the message''s id') from pgmq.q_image_generation_queue as q, sent;
select ok(vt <= clock_timestamp(), 'it is visible at once') from pgmq.q_image_generation_queue;

create temporary table delayed as
select * from public.enqueue_generation_job('video_generation_queue', '{"storyboardId": "sb", "prompt": "p"}', 60);
select ok(vt > clock_timestamp() + interval '50 s', 'or after a delay') from pgmq.q_video_generation_queue;
select throws_ok($$ select public.enqueue_generation_job('image_generation_queue', null) $$,
  '22023', 'message: expected a JSON object, got null', 'nothing is no message');
select throws_ok($$ select public.enqueue_generation_job('image_generation_queue', '{}', -1) $$,
  '22023', 'delay_seconds: expected 0 to 2592000 seconds, got -1', 'time does not run backwards');

select * from finish();
rollback;
