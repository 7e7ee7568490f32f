begin;
select plan(13);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.generation_limits;

create function pg_temp.send(board text, how_many integer, fields jsonb default '{}') returns void language sql as $$
  select pgmq.send('image_generation_queue', jsonb_build_object('storyboardId', board, 'prompt', board) || fields)
  from generate_series(1, how_many)
$$;
create function pg_temp.claim(quantity integer) returns text language sql as $$
  select string_agg(message ->> 'prompt', '' order by place)
  from public.claim_generation_jobs('image_generation_queue', 30, quantity, '{first,other}')
    with ordinality as claimed(
      job_id, msg_id, lease_token, message, attempts, operation, operation_age_seconds,
      submission_pending, enqueued_at, retried, age_seconds, unavailable, place
    )
$$;

-- Some are there before the limits, the others come later.
select pg_temp.send('a', 600);
select pg_temp.send('b', 1);
insert into public.generation_limits (queue, fair_share) values ('image_generation_queue', 'storyboard');
select pg_temp.send('a', 400);
select pg_temp.send('b', 2);
select is(pg_temp.claim(8), 'abababaa', 'each storyboard has its turn, even if one sent a thousand');
select pg_temp.send('c', 4);
select is(pg_temp.claim(5), 'cacac', 'one that comes later does not wait, and does not overtake for long');
select pg_temp.send('d', 2);
select is(pg_temp.claim(1) || pg_temp.claim(1) || pg_temp.claim(1) || pg_temp.claim(1), 'dacd',
  'it is the same when they are claimed one by one');
select pg_temp.send('e', 2, '{"priority": 1}');
select is(pg_temp.claim(3), 'eea', 'priority goes before turns');
select is(
  (select public.generation_job(id) ->> 'position' from public.generation_jobs where status = 'queued' order by msg_id limit 1),
  '1', 'the position follows the turns'
);

select pg_temp.send('f', 2, '{"model": "other"}');
select is(pg_temp.claim(4), 'fafa', 'and models take turns as well');

update public.generation_limits set fair_share = 'owner';
select pg_temp.send('x', 2, '{"owner": "x"}');
select pg_temp.send('y', 1, '{"owner": "y"}');
select is(pg_temp.claim(5), 'axyax', 'owners can take turns instead; those without one share theirs');

truncate pgmq.q_image_generation_queue;
create function pg_temp.defer(counted boolean) returns bigint language sql as $$
  select count(*) from (
    select msg_id, lease_token from public.generation_jobs where status = 'running' and owner = 'x' order by msg_id
  ) as j
  where public.defer_generation_job('image_generation_queue', msg_id, lease_token, 0, counted, 'no_image', 'none')
$$;
select pg_temp.send('x', 4, '{"owner": "x"}');
select pg_temp.claim(4), pg_temp.defer(counted => true);
select pg_temp.send('y', 2, '{"owner": "y"}');
select is(pg_temp.claim(6), 'xyxyxx', 'what is tried again takes its next turn');
select pg_temp.defer(counted => false);
select pg_temp.send('y', 1, '{"owner": "y"}');
select is(pg_temp.claim(5), 'xxxxy', 'what had to wait keeps its own');

select pgmq.send('image_generation_queue', '{"storyboardId": "d", "prompt": "d", "owner": "d"}', 3600)
from generate_series(1, 4);
select pg_temp.send('x', 9, '{"owner": "x"}');
select pg_temp.claim(9);
update pgmq.q_image_generation_queue set vt = clock_timestamp() where message ->> 'owner' = 'd';
select pg_temp.send('y', 2, '{"owner": "y"}');
select is(pg_temp.claim(6), 'dydydd', 'what its sender has delayed takes its turn when it can be claimed');
select pg_temp.send('a', 2);

delete from public.generation_limits;
select is(count(*), 0::bigint, 'without a fair share there are no turns')
from public.generation_jobs where status = 'queued' and (turn is not null or share is not null);
select pg_temp.send('z', 1);
select is(pg_temp.claim(2), 'aa', 'and the oldest are first again');

truncate pgmq.q_image_generation_queue;
select pg_temp.send('x', 1, '{"owner": "x"}'), pg_temp.send('w', 1, '{"owner": "w"}');
select pg_temp.claim(2);
select public.fail_generation_job('image_generation_queue', msg_id, lease_token, 'no_image', 'none')
from public.generation_jobs where owner = 'w';
insert into public.generation_limits (queue, fair_share) values ('image_generation_queue', 'owner');
select pg_temp.defer(counted => false), public.redrive_generation_jobs(error_code => 'no_image');
select pg_temp.send('y', 3, '{"owner": "y"}');
select is(pg_temp.claim(3), 'xwy', 'what was in hand, or had failed, when turns began takes its turn, too');

select * from finish();
rollback;
