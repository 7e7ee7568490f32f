-- Without a bucket for the assets no job is begun: what is generated could not be stored.
begin;
select plan(6);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
create schema if not exists storage;
drop table if exists storage.buckets;
create function pg_temp.claim() returns bigint language sql as $$
  select count(*) from public.claim_generation_jobs('image_generation_queue', 30, 1, array['m'])
$$;
select pgmq.send('image_generation_queue', '{"storyboardId": "sb"}') from generate_series(1, 3);
select is(pg_temp.claim(), 1::bigint, 'a database without Storage cannot know');

create table storage.buckets (id text primary key);
insert into storage.buckets values ('storyboard-videos'), ('others');
select throws_ok(
  'select pg_temp.claim()', 'P0001', 'the bucket for the assets of image_generation_queue does not exist, so no job is begun',
  'no job is begun without its bucket'
);
select is(
  (select count(*) from public.generation_jobs where attempts > 0), 1::bigint, 'and no attempt is counted'
);
select is(
  generation_private.claim_along('image_generation_queue', jsonb_build_object(
    'lease_seconds', 30, 'quantity', 1, 'models', array['m'], 'fallback_after_seconds', 600, 'job_deadline_seconds', 86400
  )), null, 'nor is one begun along with a completion'
);
insert into storage.buckets values ('storyboard-images');
select is(pg_temp.claim(), 1::bigint, 'when there is one, it begins');

truncate pgmq.q_image_generation_queue;
delete from storage.buckets;
select is(pg_temp.claim(), 0::bigint, 'where nothing waits, none is missing');

select * from finish();
rollback;
