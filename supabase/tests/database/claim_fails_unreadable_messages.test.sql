-- A message that would spoil the whole answer of a claim ends by itself, and its neighbours go on.
begin;
select plan(5);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', jsonb_build_object(
  'storyboardId', 'endless', 'prompt', 'p', 'sourceImageUrl', 'data:' || repeat('x', 300000)
));
select pgmq.send('image_generation_queue', '{"storyboardId": "number", "prompt": "p", "a": [{"seed": -1e400}]}');
select pgmq.send('image_generation_queue', jsonb_build_object(
  'storyboardId', 'prompt', 'prompt', repeat('p', 300000)
));
select pgmq.send('image_generation_queue', '{"storyboardId": "good", "prompt": "p", "seed": 1e300}');

select is(
  (select array_agg(message ->> 'storyboardId') from public.claim_generation_jobs('image_generation_queue', 30, 4)),
  array['good'], 'the readable one is claimed'
);
select is(
  array(select error_message from public.generation_jobs where status = 'failed' order by msg_id),
  array[
    'message: expected at most 262144 bytes of JSON, not 300069',
    'message: expected numbers of at most 1.7e308',
    'prompt: expected at most 32768 bytes, not 300000'
  ],
  'the others say what is wrong with them'
);
select ok(bool_and(error_code = 'invalid_message' and attempts = 1), 'as messages that are no job')
from public.generation_jobs where status = 'failed';
select is(count(*), 3::bigint, 'they are archived') from pgmq.a_image_generation_queue;
select is(count(*), 1::bigint, 'and off the queue') from pgmq.q_image_generation_queue;

select * from finish();
rollback;
