-- With an idempotency key: one job, however often this runs.
select job_id from enqueue_generation_job('image_generation_queue', '{
  "storyboardId": "storyboard-001", "sceneId": "scene-001", "prompt": "A hero on a cliff"}',
  idempotency_key => 'order-4711/cover');

-- In an hour at the earliest, and then ahead of jobs with a lower priority.
select job_id from enqueue_generation_job('video_generation_queue', '{
  "storyboardId": "storyboard-001", "sceneId": "scene-002", "prompt": "Lion walking"}',
  delay_seconds => 3600, priority => 10);

-- With nothing but PGMQ.
select pgmq.send('image_generation_queue', '{
  "storyboardId": "storyboard-001", "sceneId": "scene-003", "prompt": "A village"}');
