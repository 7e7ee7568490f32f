-- Puts three test scenes and an image job for each of them on the queue. For the Supabase SQL
-- editor, psql, or: deno task sql enqueue-test-images.sql
--
-- Running it again is harmless: scenes that exist keep what they have, and a scene whose test job
-- is still waiting gets no second one.

insert into public.kv_store_7ee7668a (key, value)
values
  (
    'scene:storyboard-test:scene-001',
    '{"id": "scene-001", "storyboardId": "storyboard-test", "title": "The cliff"}'
  ),
  (
    'scene:storyboard-test:scene-002',
    '{"id": "scene-002", "storyboardId": "storyboard-test", "title": "The dragon"}'
  ),
  (
    'scene:storyboard-test:scene-003',
    '{"id": "scene-003", "storyboardId": "storyboard-test", "title": "The village"}'
  )
on conflict (key) do nothing;

select pgmq.send('image_generation_queue', test.message) as msg_id
from (
  values
    (1, jsonb_build_object(
      'storyboardId', 'storyboard-test',
      'sceneId', 'scene-001',
      'prompt', 'A hero on a cliff at dawn, wind in her cloak, wide shot, painted storyboard style'
    )),
    (2, jsonb_build_object(
      'storyboardId', 'storyboard-test',
      'sceneId', 'scene-002',
      'prompt', 'A dragon flying over a mountain lake, seen from below, painted storyboard style'
    )),
    (3, jsonb_build_object(
      'storyboardId', 'storyboard-test',
      'sceneId', 'scene-003',
      'prompt', 'A village square at night, lanterns and light rain, painted storyboard style'
    ))
) as test (place, message)
where not exists (
  select from pgmq.q_image_generation_queue as queued where queued.message = test.message
)
order by test.place;

select
  job.msg_id,
  job.status,
  job.enqueued_at,
  job.storyboard_id as storyboard,
  job.scene_id as scene,
  left(job.prompt, 60) as prompt
from public.generation_jobs as job
where job.queue = 'image_generation_queue'
  and job.storyboard_id = 'storyboard-test'
  and job.status in ('queued', 'running', 'waiting')
order by job.msg_id;
