-- A claim whose reply was lost is repeated with its number, and returns what it has leased already.
begin;
select plan(13);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from generation_private.workers;

select pgmq.send('image_generation_queue', jsonb_build_object('storyboardId', 'sb', 'prompt', n::text))
from generate_series(1, 6) as n;

create function pg_temp.claimed(claim_id bigint, quantity integer) returns text language sql as $$
  select string_agg(format('%s/%s %s %s', c.message ->> 'prompt', c.lease_token, c.attempts, c.retried), ', ' order by c.msg_id)
  from public.claim_generation_jobs('image_generation_queue', 30, $2, array['m'], claim_id => $1) as c
$$;
create function pg_temp.next(claim_id bigint) returns jsonb language sql as $$
  select jsonb_build_object('lease_seconds', 30, 'quantity', 1, 'models', array['m'], 'fallback_after_seconds', 600,
    'job_deadline_seconds', 86400, 'claim_id', $1)
$$;
create function pg_temp.along(request jsonb) returns text language sql as $$
  select string_agg(c.value #>> '{message,prompt}', ', ')
  from jsonb_array_elements(generation_private.claim_along('image_generation_queue', $1)) as c
$$;

select is(pg_temp.claimed(7, 2), '1/1 1 f, 2/1 1 f', 'a claim');
select is(pg_temp.claimed(7, 2), '1/1 1 t, 2/1 1 t', 'repeated, it returns the same leases, and no attempt is lost');
select is((select sum(deaths) from public.generation_jobs), 0::bigint, 'nor is a death counted');
select is(pg_temp.claimed(8, 1), '3/1 1 f', 'another claim takes another job');
select is_empty(
  $$select job_id from public.claim_generation_jobs('video_generation_queue', 30, 1, array['m'], claim_id => 8)$$,
  'nor does its number return them on the other queue'
);
select is(pg_temp.claimed(null, 1), '4/1 1 f', 'so does one without a number');
select is(pg_temp.claimed(null, 0), null, 'which is never known again');

select is(pg_temp.along(pg_temp.next(9)), '5', 'a claim along with a completion');
insert into public.generation_models (model, state, rests_until) values ('m', 'resting', now() + interval '1 minute');
select is(pg_temp.along(pg_temp.next(9)), '5', 'repeated, whatever has happened meanwhile');
select ok(
  (select c.unavailable ? 'm' from public.claim_generation_jobs('image_generation_queue', 30, 1, array['m'], claim_id => 9) as c),
  'and with the models that are in trouble by now'
);
delete from public.generation_models;

select public.cancel_generation_job(id) from public.generation_jobs where prompt = '1';
select is(pg_temp.claimed(7, 2), '2/1 1 t', 'a job that has ended is not returned');
update pgmq.q_image_generation_queue set vt = clock_timestamp() - interval '1 second' where message ->> 'prompt' = '2';
select is(pg_temp.claimed(10, 1), '2/2 1 t', 'nor is one whose lease has run out: any worker may have it');
select is(pg_temp.claimed(7, 1), '6/1 1 f', 'so the claim takes another');

select * from finish();
rollback;
