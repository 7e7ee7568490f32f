select job_id from enqueue_generation_job('image_generation_queue', '{
  "storyboardId": "storyboard-001", "sceneId": "scene-001", "prompt": "A hero on a cliff",
  "webhookUrl": "https://hooks.example.com/generation"}');
