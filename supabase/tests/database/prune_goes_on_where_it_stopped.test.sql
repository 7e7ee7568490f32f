-- What stays for ever is passed over once, by calls that each look at ten times as many jobs as they may remove.
begin;
select plan(9);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue, pgmq.a_image_generation_queue, pgmq.a_video_generation_queue;
delete from public.generation_jobs;

-- The newest successes of 25 scenes, then two jobs that were cancelled, at one moment.
create function pg_temp.ended(first integer, last integer, state text, days integer) returns void language sql as $$
  insert into public.generation_jobs (queue, msg_id, status, message, enqueued_at, finished_at)
  select 'image_generation_queue', n, state, jsonb_build_object('storyboardId', 'sb', 'sceneId', 's' || n % 100),
    now() - make_interval(days => days), now() - make_interval(days => days)
  from generate_series(first, last) as n
$$;
select pg_temp.ended(1, 25, 'succeeded', 9);
select pg_temp.ended(26, 27, 'cancelled', 8);
create function pg_temp.prune(quantity integer, with_failed boolean default false) returns text language sql as $$
  select format('%s %s', jobs, more) from public.prune_generation_jobs('1 day', with_failed, quantity)
$$;

select is(pg_temp.prune(1), '0 t', 'the first call looks at ten');
select is(pg_temp.prune(1), '0 t', 'the next one at others');
select is(pg_temp.prune(1), '1 t', 'then it finds one to remove');
select is(pg_temp.prune(1), '1 t', 'and the next one');
select is(pg_temp.prune(1), '0 f', 'until all were checked');

-- Newer ones: each older success goes now.
select pg_temp.ended(101, 125, 'succeeded', 7);
select is(pg_temp.prune(20), '20 t', 'the next pass begins with the oldest');
select pg_temp.ended(28, 29, 'failed', 8);
select is(pg_temp.prune(2, true), '2 t', 'a pass that removes failed ones is another one');
update generation_private.prune_passes set continued_at = now() - interval '2 hours';
select pg_temp.ended(30, 30, 'cancelled', 10);
select is(pg_temp.prune(20, false), '4 f', 'one that was not continued begins again');
select is(pg_temp.prune(20, true), '2 f', 'whatever it removes');

select * from finish();
rollback;
