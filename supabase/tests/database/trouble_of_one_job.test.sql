-- A job that meets trouble whenever it is tried does not keep the others from its model.
begin;
select plan(16);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.generation_models;
create temporary table taken (place bigint generated always as identity, prompt text, msg_id bigint, token integer);
create function pg_temp.take() returns text language sql as $$
  with claimed as (
    insert into taken (prompt, msg_id, token) select message ->> 'prompt', msg_id, lease_token
    from public.claim_generation_jobs('image_generation_queue', 30, 1, '{first}') returning prompt
  )
  select prompt from claimed
$$;
create function pg_temp.report(
  code text default 'provider_unavailable', seconds integer default null, state text default 'resting'
) returns integer language sql as $$
  select public.report_generation_trouble('image_generation_queue', msg_id, token, 'first', state, code, 'why', seconds)
  from taken where taken.prompt = 'bad' order by place desc limit 1
$$;
create function pg_temp.wait(seconds integer) returns boolean language sql as $$
  select public.defer_generation_job('image_generation_queue', msg_id, token, seconds, false, 'provider_unavailable', 'why',
    waits_for => 'first')
  from taken where taken.prompt = 'bad' order by place desc limit 1
$$;
create function pg_temp.again() returns text language sql as $$
  update public.generation_models set state = 'ok', rests_until = null;
  update pgmq.q_image_generation_queue set vt = clock_timestamp();
  select pg_temp.take()
$$;
-- Its argument is evaluated once.
create function pg_temp.within(value integer, low integer, high integer) returns boolean language sql as $$
  select value between low and high
$$;
select pgmq.send('image_generation_queue', jsonb_build_object('prompt', prompt))
from unnest(array['bad', 'good', 'good']) as prompt;

select is(pg_temp.take(), 'bad', 'a job whose prompt always ends in 500');
select ok(pg_temp.within(pg_temp.report(), 16, 20), 'begins a rest');
select pg_temp.wait(0);
update public.generation_models set rests_until = clock_timestamp();
select is(pg_temp.take(), 'good', 'another one probes, though it comes later');
select is(pg_temp.again(), 'bad', 'tried again');
select ok(pg_temp.within(pg_temp.report(), 31, 39), 'it begins a second rest');
select is(state, 'resting', 'and the model rests') from public.generation_models;
select pg_temp.wait(16);
select is(pg_temp.again(), 'bad', 'tried a third time');
select ok(pg_temp.within(pg_temp.report(), 16, 20), 'it is told to wait');
select is(state, 'ok', 'while its model is left as it is') from public.generation_models;
select pg_temp.wait(16);
select ok(vt > clock_timestamp() + interval '15 seconds', 'so that it alone waits') from pgmq.q_image_generation_queue
where message ->> 'prompt' = 'bad';
select pg_temp.again();
select ok(pg_temp.within(pg_temp.report(), 31, 38), 'longer each time');
-- Whatever the trouble is.
select pg_temp.again();
select ok(pg_temp.within(pg_temp.report('quota_exhausted', 90), 91, 113), 'a quota that it alone exceeds, as long as is asked for');
select pg_temp.again();
select ok(pg_temp.within(pg_temp.report('account_refused', null, 'refused'), 484, 600), 'an account that refuses it alone');
select pg_temp.again();
select ok(pg_temp.within(pg_temp.report('model_unavailable', null, 'retired'), 86400, 108000), 'a model that is missing for it alone');
select is(state, 'ok', 'never is it the model that rests') from public.generation_models;
-- It is the model after all.
delete from taken where prompt = 'bad';
update taken set prompt = 'bad';
select ok(pg_temp.within(pg_temp.report('quota_exhausted'), 61, 75), 'another job begins its third rest in a row');

select * from finish();
rollback;
