begin;
select plan(8);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select public.enqueue_generation_job('image_generation_queue', '{"storyboardId": "sb", "prompt": "p", "priority": 1}', priority => 5);
select is(message, '{"storyboardId": "sb", "prompt": "p", "priority": 5}', 'the priority is in the message') from pgmq.q_image_generation_queue;
select is(priority, 5, 'and in the ledger') from public.generation_jobs;
select throws_ok($$ select public.enqueue_generation_job('image_generation_queue', '{}', priority => 101) $$,
  '22023', 'priority: expected -100 to 100, got 101', 'there is a highest');
select throws_ok($$ select public.enqueue_generation_job('image_generation_queue', '[]', priority => 1) $$,
  '22023', 'message: expected a JSON object to give a priority to, got array', 'what is no object takes none');
select lives_ok($$ select public.enqueue_generation_job('image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}', 0) $$,
  'three arguments are enough');

-- A worker has to read the message as it is sent, with its priority.
select throws_ok(format('select public.enqueue_generation_job(%L, %L, priority => 1)', 'image_generation_queue', message),
  '22023', reason, 'the priority may make a message unreadable')
from (values
  (jsonb_build_object('prompt', repeat('p', 262140 - 14)), 'prompt: expected at most 32768 bytes, not 262126'),
  ((select jsonb_object_agg(n, 0) from generate_series(1, 999) as n), 'message: expected at most 1000 values')
) as m (message, reason);
select is(count(*), 2::bigint, 'and is not sent then') from pgmq.q_image_generation_queue;

select * from finish();
rollback;
