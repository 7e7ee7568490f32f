-- Plain pgmq.send is all a sender has to do.
begin;
select plan(8);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

create temporary table sent as
select pgmq.send(
  'image_generation_queue',
  '{"storyboardId": "sb", "sceneId": "scene-001", "characterId": "hero", "prompt": "A hero"}'
) as msg_id;

select is(count(*), 1::bigint, 'one message makes one job') from public.generation_jobs;
select is(job.msg_id, sent.msg_id, 'the job names the message') from public.generation_jobs as job, sent;
select is(kind, 'image', 'the kind follows from the queue') from public.generation_jobs;
select is(status, 'queued', 'it is queued') from public.generation_jobs;
select is(
  array[storyboard_id, scene_id, character_id, prompt],
  array['sb', 'scene-001', 'hero', 'A hero'],
  'the fields of the message are columns'
) from public.generation_jobs;
select is(job.enqueued_at, q.enqueued_at, 'the time is the message''s')
from public.generation_jobs as job join pgmq.q_image_generation_queue as q using (msg_id);

select pgmq.send_batch(
  'video_generation_queue',
  array['{"storyboardId": "sb", "prompt": "1"}', '{"storyboardId": "sb", "prompt": "2"}']::jsonb[]
);
select is(count(*), 2::bigint, 'a batch makes a job for each message')
from public.generation_jobs where kind = 'video';
select is(count(distinct id), 3::bigint, 'every job has an id of its own') from public.generation_jobs;

select * from finish();
rollback;
