begin;
select plan(9);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
insert into public.kv_store_7ee7668a (key, value)
values ('scene:pgtap-sb:s1', '{"title": "Cliff", "imageUrl": "old"}');

select pgmq.send('image_generation_queue', '{"storyboardId": "pgtap-sb", "sceneId": "s1", "prompt": "p"}');
create temporary table lease as select * from public.claim_generation_jobs('image_generation_queue', 30, 1);
create temporary table answer as
select public.complete_generation_job(
  'image_generation_queue', msg_id, lease_token, 'pgtap-sb/scenes/s1/job.png', 'https://x.test/job.png',
  'image/png', 'gemini', '{"tokens": 1290}', 0.039
) as body from lease;

select is(body, '{
  "held": true,
  "entities": [{"slot": "scene", "key": "scene:pgtap-sb:s1", "outcome": "linked"}],
  "publications": [{"slot": "scene", "object_path": "pgtap-sb/scenes/s1/job.png", "content_type": "image/png"}],
  "contended": false, "due": [], "claims": null
}', 'the answer says what was linked and what is to be copied') from answer;
select is(status, 'succeeded', 'the job has succeeded') from public.generation_jobs;
select is(
  array[object_path, asset_url, content_type, model, cost_usd::text],
  array['pgtap-sb/scenes/s1/job.png', 'https://x.test/job.png', 'image/png', 'gemini', '0.039000'],
  'its result is in the ledger'
) from public.generation_jobs;
select ok(finished_at is not null, 'it is over but for the copy')
from public.generation_jobs as j join public.generation_publications as p on p.job_id = j.id;
select is(count(*), 0::bigint, 'the message is off the queue') from pgmq.q_image_generation_queue;
select is(count(*), 1::bigint, 'and in the archive')
from pgmq.a_image_generation_queue as a
join public.generation_jobs as job on job.msg_id = a.msg_id and job.enqueued_at = a.enqueued_at;
select is(value ->> 'imageUrl', 'https://x.test/job.png', 'the scene has the URL')
from public.kv_store_7ee7668a where key = 'scene:pgtap-sb:s1';
select is(value ->> 'title', 'Cliff', 'and everything else that it had')
from public.kv_store_7ee7668a where key = 'scene:pgtap-sb:s1';

select is(
  public.complete_generation_job(
    'image_generation_queue', msg_id, lease_token, 'pgtap-sb/scenes/s1/job.png', 'https://x.test/job.png',
    'image/png', 'gemini', '{"tokens": 1290}', 0.039
  ),
  (select body from answer),
  'said again, it answers the same'
) from lease;

select * from finish();
rollback;
