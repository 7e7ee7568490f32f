-- A version whose object was removed from Storage cannot become the current one: there is nothing to show.
begin;
select plan(3);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
create schema if not exists storage;
drop table if exists storage.objects;
select pgmq.send('video_generation_queue', '{"storyboardId": "sb", "sceneId": "s1"}');
select public.complete_generation_job(
  'video_generation_queue', msg_id, lease_token, 'v.mp4', 'https://x.test/v.mp4', 'video/mp4', 'm', null, null
) from public.claim_generation_jobs('video_generation_queue', 600, 1);
create function pg_temp.choose() returns jsonb language sql as $$
  select public.choose_generation_result(id) from public.generation_jobs
$$;
select lives_ok('select pg_temp.choose()', 'a database without Storage cannot know');

create table storage.objects (bucket_id text, name text, metadata jsonb, created_at timestamptz default now());
insert into storage.objects (bucket_id, name) values ('storyboard-images', 'v.mp4'), ('storyboard-videos', 'w.mp4');
select throws_ok(
  'select pg_temp.choose()',
  '22023', 'job_id: expected a job whose object is in Storage, and v.mp4 was removed', 'what was removed is named'
);
insert into storage.objects (bucket_id, name) values ('storyboard-videos', 'v.mp4');
select lives_ok('select pg_temp.choose()', 'what is there can be chosen');

select * from finish();
rollback;
