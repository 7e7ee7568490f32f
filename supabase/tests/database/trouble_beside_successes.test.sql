-- Trouble that a job meets while its model serves others begins no rest.
begin;
select plan(24);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.generation_models;

create temporary table lease (name text, msg_id bigint, token integer);
create function pg_temp.take(job text) returns void language sql as $$
  insert into lease
  select message ->> 'prompt', msg_id, lease_token
  from public.claim_generation_jobs('image_generation_queue', 30, 1, '{first}')
  where message ->> 'prompt' = job
$$;
create function pg_temp.take_again(job text) returns void language sql as $$
  update pgmq.q_image_generation_queue set vt = clock_timestamp() where message ->> 'prompt' = job;
  select pg_temp.take(job)
$$;
create function pg_temp.report(job text, code text default 'provider_unavailable', seconds integer default null,
  state text default 'resting')
returns integer language sql as $$
  select public.report_generation_trouble('image_generation_queue', msg_id, token, 'models/first', state, code, 'why', seconds)
  from lease where name = job order by token desc limit 1
$$;
create function pg_temp.succeed(job text, model text default 'models/first') returns jsonb language sql as $$
  select public.complete_generation_job('image_generation_queue', msg_id, token, 'o', 'https://x', null, model, null, null)
  from lease where name = job order by token desc limit 1
$$;
create function pg_temp.defer(job text, seconds integer) returns boolean language sql as $$
  select public.defer_generation_job('image_generation_queue', msg_id, token, seconds, false, 'provider_unavailable', 'why',
    waits_for => 'first')
  from lease where name = job order by token desc limit 1
$$;
create function pg_temp.stands() returns text language sql as $$
  select state || ' ' || troubles from public.generation_models where model = 'first'
$$;
-- As if so much time had gone by.
create function pg_temp.later(seconds integer) returns void language sql as $$
  update public.generation_jobs
  set updated_at = updated_at - make_interval(secs => seconds), finished_at = finished_at - make_interval(secs => seconds);
  update public.generation_models set doubted_at = doubted_at - make_interval(secs => seconds)
$$;
create function pg_temp.again() returns void language sql as $$
  update public.generation_models set state = 'ok', rests_until = null
$$;
select pgmq.send('image_generation_queue', jsonb_build_object('prompt', n::text)) from generate_series(1, 9) as n;
select pg_temp.take(n::text) from generate_series(1, 9) as n;

-- Within the attempt.
select pg_temp.succeed('1');
select ok(pg_temp.report('2') between 16 and 20, 'a job that meets trouble beside a success waits');
select is(pg_temp.stands(), 'ok 0', 'and its model stands ok');
select is(own_troubles || '/' || troubles, '1/0', 'it is counted for the job') from public.generation_jobs where prompt = '2';
select ok(pg_temp.report('2') between 16 and 20, 'a report that is repeated gets the same answer');
select is(pg_temp.stands() || (select own_troubles from public.generation_jobs where prompt = '2'), 'ok 01',
  'and counts no more');
select ok(pg_temp.defer('2', 16), 'the job is deferred');
select ok(vt > clock_timestamp() + interval '15 seconds', 'for as long as it was told') from pgmq.q_image_generation_queue
where message ->> 'prompt' = '2';
select is(attempts || waits_for, '0', 'uncounted, and for no model') from public.generation_jobs where prompt = '2';
select ok(pg_temp.report('3') between 16 and 20, 'another one that was under way, too');
select is(pg_temp.stands(), 'ok 0', 'begins no rest');

-- Within the last minute, once.
create function pg_temp.begin_again(job text) returns void language sql as $$
  update public.generation_jobs set updated_at = clock_timestamp() where prompt = job
$$;
select pg_temp.begin_again('4');
select ok(pg_temp.report('4') between 16 and 20, 'one that began since then, with no success in between');
select is(pg_temp.stands(), 'resting 1', 'lets the model rest');
select pg_temp.again();
select pg_temp.succeed('4');
select pg_temp.later(50);
select pg_temp.begin_again(n::text) from generate_series(5, 9) as n;
select pg_temp.report('5');
select is(pg_temp.stands(), 'ok 0', 'the first trouble after a success is no trouble of the model');
select pg_temp.begin_again('6');
select pg_temp.report('6');
select is(pg_temp.stands(), 'resting 1', 'the second one is');
select pg_temp.again();
delete from public.generation_models;
select pg_temp.later(11);
select pg_temp.begin_again(n::text) from generate_series(5, 9) as n;
select pg_temp.report('6');
select is(pg_temp.stands(), 'resting 1', 'so is any, a minute after the success');
select pg_temp.again();
select pg_temp.take_again('5');
select pg_temp.report('5');
select is(pg_temp.stands(), 'ok 1', 'but not of a job that has met it before');
select pg_temp.later(540);
select pg_temp.take_again('5');
select pg_temp.report('5');
select is(pg_temp.stands(), 'resting 2', 'nor that, ten minutes after the success');

-- What a success does not refute.
delete from public.generation_models;
select pg_temp.succeed('5', 'second');
select pg_temp.report('7');
select is(pg_temp.stands(), 'resting 1', 'a success of another model');
delete from public.generation_models;
select pg_temp.succeed('6');
select pg_temp.report('7', 'quota_exhausted');
select is(pg_temp.stands(), 'resting 1', 'a quota, which the successes use up');
delete from public.generation_models;
select pg_temp.report('8', seconds => 20);
select is(pg_temp.stands(), 'resting 1', 'a delay that the provider names');
delete from public.generation_models;
select pg_temp.report('8', 'api_key_invalid', state => 'refused');
select is(pg_temp.stands(), 'refused 1', 'an account that is refused by now');
delete from public.generation_models;
select public.begin_generation_submission('image_generation_queue', msg_id, token, 'first') from lease where name = '9';
select pg_temp.report('9');
select is(pg_temp.stands(), 'resting 1', 'a submission that may have been paid for');
delete from public.generation_models;
select public.record_generation_operation('image_generation_queue', msg_id, token, '{"name": "o"}') from lease where name = '9';
select pg_temp.report('9');
select is(pg_temp.stands(), 'ok 0', 'but it refutes an operation that ended by itself');
select is(count(*), 0::bigint, 'no job has failed') from public.generation_jobs where status = 'failed';

select * from finish();
rollback;
