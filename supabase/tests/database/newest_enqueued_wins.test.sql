-- Three jobs for one scene, finished in the order 2, 3, 1: the third is the one that counts.
begin;
select plan(8);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
insert into public.kv_store_7ee7668a (key, value) values ('scene:pgtap-sb:s1', '{}');

select pgmq.send('image_generation_queue', jsonb_build_object(
  'storyboardId', 'pgtap-sb', 'sceneId', 's1', 'prompt', n::text
)) from generate_series(1, 3) as n;
create temporary table lease as
select *, message ->> 'prompt' as n from public.claim_generation_jobs('image_generation_queue', 30, 3);

create function pg_temp.complete(wanted text) returns jsonb language sql as $$
  select public.complete_generation_job(
    'image_generation_queue', msg_id, lease_token, n || '.png', 'https://x.test/' || n || '.png',
    'image/png', 'm', null, null
  ) from lease where n = wanted
$$;
create function pg_temp.scene_url() returns text language sql as $$
  select value ->> 'imageUrl' from public.kv_store_7ee7668a where key = 'scene:pgtap-sb:s1'
$$;

select is(pg_temp.complete('2') #>> '{entities,0,outcome}', 'linked', 'the second is the newest so far');
select is(pg_temp.scene_url(), 'https://x.test/2.png', 'the scene has it');
select is(pg_temp.complete('3') #>> '{entities,0,outcome}', 'linked', 'the third is newer');
select is(pg_temp.scene_url(), 'https://x.test/3.png', 'the scene has that');

create temporary table late as select pg_temp.complete('1') as body;
select is(body #>> '{entities,0,outcome}', 'superseded', 'the first comes too late') from late;
select is(pg_temp.scene_url(), 'https://x.test/3.png', 'the scene keeps the third');
select is(body #>> '{publications,0,object_path}', '3.png', 'what is to be copied is the third''s object')
from late;
select is(count(*), 3::bigint, 'all three have succeeded') from public.generation_jobs
where status = 'succeeded';

select * from finish();
rollback;
