-- A console asks every few seconds: it reads what it shows, not what the project has.
begin;
select plan(6);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.kv_store_7ee7668a;

insert into public.generation_jobs (queue, msg_id, status, message, asset_url, enqueued_at, finished_at)
select 'image_generation_queue', n, status, jsonb_build_object('storyboardId', storyboard, 'sceneId', n),
  case status when 'succeeded' then 'u' end, now(), case when status <> 'queued' then now() end
from (values ('sb', 'succeeded', 1, 990), ('sb', 'queued', 991, 1000), ('other', 'failed', 1001, 3000),
  ('other', 'queued', 3001, 5000)) as jobs (storyboard, status, first, last)
cross join lateral generate_series(first, last) as n;
insert into public.kv_store_7ee7668a (key, value)
select format('scene:%s:%s', storyboard, n), '{}'
from (values ('sb', 10), ('sc', 1000), ('sbx', 1000), ('s', 1000)) as board (storyboard, scenes)
cross join lateral generate_series(1, scenes) as n;
analyze public.generation_jobs, public.kv_store_7ee7668a;

create function pg_temp.fetched(of text) returns bigint language sql as $$
  select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relid = of::regclass
$$;
create temporary table before as select pg_temp.fetched('public.generation_jobs') as jobs;
select is(queued, 10::bigint, 'the jobs of a storyboard') from public.generation_storyboards('sb');
select ok(pg_temp.fetched('public.generation_jobs') - jobs < 100, 'are counted, and those of no other') from before;

truncate before;
insert into before select pg_temp.fetched('public.generation_jobs');
select is(count(*), 10::bigint, 'its live jobs') from generation_private.live_jobs('sb', 100);
select ok(pg_temp.fetched('public.generation_jobs') - jobs < 100, 'are read without those that have ended') from before;

truncate before;
insert into before select pg_temp.fetched('public.kv_store_7ee7668a');
select is(count(*), 10::bigint, 'its scenes') from generation_private.entities_of('sb');
select ok(pg_temp.fetched('public.kv_store_7ee7668a') - jobs < 100, 'are read without those of others') from before;

select * from finish();
rollback;
