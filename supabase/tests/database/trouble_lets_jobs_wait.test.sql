-- A model in trouble rests; its jobs wait, untouched, until one of them has probed it.
begin;
select plan(29);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.generation_limits;
delete from public.generation_models;

create temporary table taken as
select * from public.claim_generation_jobs('image_generation_queue', 30, 0);
create function pg_temp.claim(quantity integer default 10, models text[] default '{first}')
returns text[] language sql as $$
  with claimed as (
    insert into taken
    select * from public.claim_generation_jobs('image_generation_queue', 30, quantity, models) returning message
  )
  select coalesce(array_agg(message ->> 'prompt'), '{}') from claimed
$$;
create function pg_temp.report(prompt text, state text default 'resting', seconds integer default null)
returns integer language sql as $$
  select public.report_generation_trouble(
    'image_generation_queue', msg_id, lease_token, 'models/first', state, 'provider_unavailable', 'overloaded', seconds)
  from taken where message ->> 'prompt' = prompt order by lease_token desc limit 1
$$;
create function pg_temp.defer(prompt text) returns boolean language sql as $$
  select public.defer_generation_job('image_generation_queue', msg_id, lease_token, 12, false,
    'provider_unavailable', 'overloaded', waits_for => 'first')
  from taken where message ->> 'prompt' = prompt order by lease_token desc limit 1
$$;
create function pg_temp.rest_is_over() returns void language sql as $$
  update public.generation_models set rests_until = clock_timestamp()
$$;
create function pg_temp.visible() returns text[] language sql as $$
  select array_agg(message ->> 'prompt' order by msg_id) from pgmq.q_image_generation_queue
  where vt <= clock_timestamp()
$$;
select pgmq.send('image_generation_queue', jsonb_build_object('prompt', n::text)) from generate_series(1, 6) as n;

select is(pg_temp.claim(2), '{1,2}', 'no model is in trouble');
select is(unavailable, null, 'which the claim says') from taken limit 1;
select ok(age_seconds between 0 and 5, 'together with the age of the job') from taken limit 1;
select cmp_ok(pg_temp.report('1'), '>', 14, 'the first trouble begins a rest');
select is(state || ' ' || code || ' ' || reason || ' ' || troubles, 'resting provider_unavailable overloaded 1',
  'the table says why') from public.generation_models where model = 'first';
select ok(rests_until between clock_timestamp() + interval '14 seconds' and clock_timestamp() + interval '19 seconds',
  'a rest is 15 s and at most a quarter more') from public.generation_models;
select cmp_ok(pg_temp.report('2'), '<=', 19, 'the next job that meets it is told what is left');
select is(troubles, 1, 'and counts for nothing') from public.generation_models;
select ok(pg_temp.defer('1') and pg_temp.defer('2'), 'both are deferred');
select is(attempts, 0, 'uncounted') from public.generation_jobs where prompt = '1';
select is(waits_for, 'first', 'with the model that they wait for') from public.generation_jobs where prompt = '1';

select is(pg_temp.claim(), '{}', 'while it rests, no job is handed out');
select is(pg_temp.visible(), '{3,4,5,6}', 'those that were not begun stay visible');
select is(sum(read_ct), 2::bigint, 'and untouched') from pgmq.q_image_generation_queue;

select pg_temp.rest_is_over();
select is(pg_temp.claim(), '{6}', 'when the rest is over, one job is the probe: the last, as those at the front may be the cause');
select is(unavailable #>> '{first,probe}', 'true', 'which may use the model') from taken where message ->> 'prompt' = '6';
select is(pg_temp.claim(), '{}', 'and only one');
select cmp_ok(pg_temp.report('6'), '>', 29, 'the next rest is longer');
select is(pg_temp.defer('6'), true, 'the probe waits like the others');

select pg_temp.rest_is_over();
select is(pg_temp.claim(), '{3}', 'the next probe is the first one');
select pg_temp.report('3');
select pg_temp.defer('3');
update pgmq.q_image_generation_queue set vt = clock_timestamp();
select pg_temp.rest_is_over();
select is(pg_temp.claim(), '{5}', 'then again the last one that has met no trouble that counted');
update pgmq.q_image_generation_queue set vt = clock_timestamp() where message ->> 'prompt' = '5';
select is(pg_temp.claim(), '{5}', 'when its worker is killed, its lease frees the place');
select is(deaths, 1, 'which counts as a death') from public.generation_jobs where prompt = '5';
select is(
  (public.complete_generation_job(
    'image_generation_queue', msg_id, lease_token, '5.png', 'https://x/5.png', 'image/png', 'models/first', '{}', 0
  ) ->> 'held'), 'true', 'the first success')
from taken where message ->> 'prompt' = '5' order by lease_token desc limit 1;
select is(state || troubles || coalesce(since::text, '-'), 'ok0-', 'ends the trouble') from public.generation_models;
select is(pg_temp.visible(), '{1,2,3,4,6}', 'and makes the deferred jobs visible at once');
select is(pg_temp.claim(), '{1,2,3,4,6}', 'all go on');
select is(unavailable, null, 'as before') from taken where message ->> 'prompt' = '6' order by lease_token desc limit 1;

-- By hand, a message may have any id.
delete from public.generation_jobs;
truncate pgmq.q_image_generation_queue;
insert into pgmq.q_image_generation_queue (msg_id, vt, message) overriding system value
values (-9223372036854775808, clock_timestamp(), '{"prompt": "7"}');
update public.generation_models set state = 'resting', rests_until = clock_timestamp(), troubles = 1;
select is(pg_temp.claim(), '{7}', 'the last job is the probe, whatever its id');

select * from finish();
rollback;
