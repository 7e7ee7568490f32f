-- A newer image does not supersede a video of the same scene.
begin;
select plan(3);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
insert into public.kv_store_7ee7668a (key, value) values ('scene:pgtap-sb:s1', '{}');

select pgmq.send('video_generation_queue', '{"storyboardId": "pgtap-sb", "sceneId": "s1", "prompt": "v"}');
select pgmq.send('image_generation_queue', '{"storyboardId": "pgtap-sb", "sceneId": "s1", "prompt": "i"}');
update public.generation_jobs set enqueued_at = enqueued_at + interval '1 s' where kind = 'image';
update pgmq.q_image_generation_queue set enqueued_at = enqueued_at + interval '1 s';

select public.complete_generation_job(
  'image_generation_queue', msg_id, lease_token, 'i.png', 'https://x.test/i.png', 'image/png', 'm', null, null
) from public.claim_generation_jobs('image_generation_queue', 30, 1);
select is(
  public.complete_generation_job(
    'video_generation_queue', msg_id, lease_token, 'v.mp4', 'https://x.test/v.mp4', 'video/mp4', 'm', null, null
  ) #>> '{entities,0,outcome}',
  'linked', 'the video is linked'
) from public.claim_generation_jobs('video_generation_queue', 30, 1);
select is(value ->> 'videoUrl', 'https://x.test/v.mp4', 'the scene has the video')
from public.kv_store_7ee7668a where key = 'scene:pgtap-sb:s1';
select is(value ->> 'imageUrl', 'https://x.test/i.png', 'and the image')
from public.kv_store_7ee7668a where key = 'scene:pgtap-sb:s1';

select * from finish();
rollback;
