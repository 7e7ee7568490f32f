begin;
select plan(6);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
create temporary table before as select to_jsonb(q) as message from pgmq.q_image_generation_queue as q;

select is(count(*), 1::bigint, 'the image view counts the queue') from pgmq.image_generation_queue;
select is(count(*), 0::bigint, 'so does the video view') from pgmq.video_generation_queue;
select columns_are('pgmq', 'image_generation_queue', array['msg_id', 'enqueued_at', 'vt', 'read_ct', 'message']);
select columns_are('pgmq', 'video_generation_queue', array['msg_id', 'enqueued_at', 'vt', 'read_ct', 'message']);
select is((select to_jsonb(q) from pgmq.q_image_generation_queue as q), (select message from before),
  'looking changes nothing');
select throws_ok('delete from pgmq.image_generation_queue', '55000', null, 'the view is for reading only');

select * from finish();
rollback;
