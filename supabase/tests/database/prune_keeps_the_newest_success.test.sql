-- What decides about an entity is not pruned, however old: an older job must not win over it later.
begin;
select plan(8);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue, pgmq.a_image_generation_queue, pgmq.a_video_generation_queue;
delete from public.generation_jobs;
insert into public.kv_store_7ee7668a (key, value) values ('scene:pgtap-sb:s1', '{}'), ('character:pgtap-sb:c1', '{}');

select pgmq.send('image_generation_queue', message || '{"storyboardId": "pgtap-sb"}') from unnest(array[
  '{"prompt": "late", "sceneId": "s1"}',
  '{"prompt": "first", "sceneId": "s1"}',
  '{"prompt": "both", "sceneId": "s1", "characterId": "c1"}',
  '{"prompt": "scene", "sceneId": "s1"}',
  '{"prompt": "nothing"}',
  '{"prompt": "unconfirmed", "sceneId": "s1"}',
  '{"prompt": "newest", "sceneId": "s1"}'
]::jsonb[]) as message;
create temporary table lease as
select *, message ->> 'prompt' as n from public.claim_generation_jobs('image_generation_queue', 600, 7);
create function pg_temp.complete(wanted text) returns jsonb language sql as $$
  select public.complete_generation_job(
    'image_generation_queue', msg_id, lease_token, n || '.png', 'https://x.test/' || n || '.png', 'image/png', 'm', null, null
  ) from lease where n = wanted
$$;
select pg_temp.complete(n) from lease where n <> 'late' order by msg_id;
select pgmq.send('video_generation_queue', '{"storyboardId": "pgtap-sb", "sceneId": "s1", "prompt": "video"}');
select public.complete_generation_job(
  'video_generation_queue', msg_id, lease_token, 'v.mp4', 'https://x.test/v.mp4', 'video/mp4', 'm', null, null
) from public.claim_generation_jobs('video_generation_queue', 600, 1);
update public.generation_jobs
set finished_at = finished_at - interval '1 year', updated_at = updated_at - interval '1 year'
where status = 'succeeded';
delete from public.generation_publications
where job_id not in (select job_id from lease where n = 'unconfirmed');

select is(jobs, 3::bigint, 'what was superseded, and what belongs to no entity, is removed')
from public.prune_generation_jobs('30 days');
select is(array_agg(prompt order by prompt), array['both', 'late', 'newest', 'unconfirmed', 'video'],
  'the newest of the scene, of its character and of each kind stay, and what is to be copied yet')
from public.generation_jobs;
select is(count(*), 3::bigint, 'with their messages') from pgmq.a_image_generation_queue;

create temporary table done as select pg_temp.complete('late') as body;
select is(body #>> '{entities,0,outcome}', 'superseded', 'a job that ends much later is still too late') from done;
select is(body #>> '{publications,0,object_path}', 'newest.png', 'the current object is what it was') from done;
select is(value ->> 'imageUrl', 'https://x.test/newest.png', 'so is the entity')
from public.kv_store_7ee7668a where key = 'scene:pgtap-sb:s1';

-- A message that was copied back by hand must find its job, or it would be worked on again.
update public.generation_jobs set finished_at = finished_at - interval '1 year' where prompt = 'unconfirmed';
delete from public.generation_publications;
alter table pgmq.q_image_generation_queue disable trigger user;
insert into pgmq.q_image_generation_queue (msg_id, enqueued_at, vt, message) overriding system value
select msg_id, enqueued_at, now(), message from public.generation_jobs where prompt = 'unconfirmed';
alter table pgmq.q_image_generation_queue enable trigger user;
select is(jobs, 0::bigint, 'a job whose message is on the queue stays') from public.prune_generation_jobs('30 days');
select is_empty($$ select * from public.claim_generation_jobs('image_generation_queue', 30, 1) $$, 'so that no worker gets it');

select * from finish();
rollback;
