-- A fair share of a long queue is set at once. The jobs that wait get their turns a portion at a time.
begin;
select plan(12);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.generation_limits;

create function pg_temp.send(board text, how_many integer) returns void language sql as $$
  select pgmq.send('image_generation_queue', jsonb_build_object('storyboardId', board, 'prompt', board))
  from generate_series(1, how_many)
$$;
create function pg_temp.claim(quantity integer) returns text language sql as $$
  select string_agg(message ->> 'prompt', '' order by place)
  from rows from (public.claim_generation_jobs('image_generation_queue', 30, quantity, '{first}')) with ordinality as claimed(
    job_id, msg_id, lease_token, message, attempts, deaths, operation, operation_age_seconds, submission_pending, enqueued_at,
    retried, age_seconds, unavailable, place
  )
$$;
create function pg_temp.shares(board text) returns text language sql as $$
  select string_agg(format('%s: %s', coalesce(share, 'none'), jobs), ', ' order by share)
  from (
    select share, count(*) as jobs from public.generation_jobs where status = 'queued' and storyboard_id = board group by share
  ) as s
$$;

select pg_temp.send('a', 3190);
select pg_temp.send('b', 3);
insert into public.generation_limits (queue, fair_share) values ('image_generation_queue', 'storyboard');
select is(pg_temp.shares('a'), 'storyboard a: 3000, none: 190', 'the first jobs have their turns at once');
select is(pg_temp.shares('b'), 'none: 3', 'the others wait for theirs');
select pg_temp.send('c', 2);
select is(pg_temp.claim(4), 'acac', 'what is sent from now on takes turns with those');
select is(pg_temp.shares('a'), 'storyboard a: 3098, none: 90', 'and a claim gives turns to more jobs than it takes');
select is(pg_temp.claim(3), 'bab', 'so that the last ones come to theirs');
select is(pg_temp.shares('b'), 'storyboard b: 1', 'and all have one');

-- As if the sender of these had committed only now.
update public.generation_jobs set share = null, turn = null where status = 'queued' and msg_id % 50 = 0;
update generation_private.turn_passes set changed_at = changed_at - interval '1 minute';
select generation_private.assign_turns('image_generation_queue', 4000) from generate_series(1, 2);
select is(pg_temp.shares('a'), 'storyboard a: 3187', 'a last pass gives turns to what came too late for the first');
select is_empty('select * from generation_private.turn_passes', 'then it is over');

update public.generation_limits set fair_share = 'owner';
select is(pg_temp.shares('a'), 'owner : 3000, storyboard a: 187', 'another division is the same');
select generation_private.assign_turns('image_generation_queue', 3000);
select is(pg_temp.shares('a'), 'owner : 3187', 'the schedule gives turns, too');
delete from public.generation_limits;
select generation_private.assign_turns('image_generation_queue', 3000);
select is(pg_temp.shares('a'), 'none: 3187', 'and takes them back when there is no fair share any more');
select is(
  (
    select generation_private.position_of(j)
    from public.generation_jobs as j where j.storyboard_id = 'b' and j.status = 'queued'
  ),
  3188::bigint, 'jobs without turns are in the order of their messages'
);

select * from finish();
rollback;
