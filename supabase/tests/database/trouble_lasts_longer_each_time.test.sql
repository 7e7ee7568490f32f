-- How long a model rests, and what ends that.
begin;
select plan(23);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.generation_models;

select ok(bool_and(length.seconds between shortest * 1.01 and shortest * 1.25 + 1),
  format('rest %s of a model that is %s lasts %s s and up to a quarter more', troubles, state, shortest))
from generate_series(1, 50) as n, (values
  ('resting', 1, 15), ('resting', 3, 60), ('resting', 9, 300), ('resting', 1000000, 300),
  ('refused', 1, 60), ('refused', 9, 900), ('retired', 1, 21600), ('retired', 9, 86400)
) as rest (state, troubles, shortest),
  lateral (select generation_private.rest_seconds(state, troubles, null) where n > 0 offset 0) as length (seconds) group by state, troubles, shortest order by state, troubles;
select ok(generation_private.rest_seconds('resting', 1, 3600) >= 3600, 'or as long as the provider asks');
select isnt(
  (select count(distinct generation_private.rest_seconds('retired', 1, null)) from generate_series(1, 20)), 1::bigint,
  'no two models that failed together are probed together'
);

create temporary table lease (name text, msg_id bigint, token integer);
create function pg_temp.take(name text) returns void language sql as $$
  insert into lease select name, msg_id, lease_token
  from public.claim_generation_jobs('image_generation_queue', 30, 1, '{first}')
$$;
-- A quota is used up whatever else succeeds.
create function pg_temp.report(job text, state text, code text default 'quota_exhausted', seconds integer default null)
returns integer language sql as $$
  select public.report_generation_trouble('image_generation_queue', msg_id, token, 'first', state, code, 'why', seconds)
  from lease where name = job
$$;
create function pg_temp.succeed(job text) returns jsonb language sql as $$
  select public.complete_generation_job('image_generation_queue', msg_id, token, 'o', 'https://x', null, 'first', null, null)
  from lease where name = job
$$;
create function pg_temp.stands() returns text language sql as $$
  select state || ' ' || troubles from public.generation_models where model = 'first'
$$;
create function pg_temp.rest_is_over() returns void language sql as $$
  update public.generation_models set rests_until = clock_timestamp()
$$;
select pgmq.send('image_generation_queue', '{"prompt": "p"}') from generate_series(1, 20);
select pg_temp.take(n::text) from generate_series(1, 9) as n;

select pg_temp.report('1', 'resting');
select pg_temp.succeed('2');
select is(pg_temp.stands(), 'ok 0', 'a job in hand that succeeds ends a rest');
select pg_temp.report('1', 'resting', seconds => 60);
select pg_temp.succeed('3');
select is(pg_temp.stands(), 'resting 1', 'but not one that the provider asked for');
select pg_temp.rest_is_over();
select pg_temp.take('probe1');
select pg_temp.report('probe1', 'refused', 'api_key_invalid');
select is(pg_temp.stands(), 'refused 1', 'trouble of another kind begins with its own shortest rest');
select pg_temp.succeed('4');
select is(pg_temp.stands(), 'refused 1', 'what began before a refusal says nothing of it');
select pg_temp.rest_is_over();
select pg_temp.take('probe2');
select pg_temp.report('probe2', 'refused', 'api_key_invalid');
select is(pg_temp.stands(), 'refused 2', 'the second rest');
select pg_temp.rest_is_over();
select pg_temp.take('probe3');
select is(public.complete_generation_job('image_generation_queue', msg_id, token, 'o', 'https://x', null, 'second', null, null)
  ->> 'held', 'true', 'a probe that another model has served')
from lease where name = 'probe3';
select is(pg_temp.stands(), 'refused 2', 'says nothing');
select pg_temp.take('probe4');
select pg_temp.succeed('probe4');
select is(pg_temp.stands(), 'ok 0', 'a probe that succeeds ends the trouble');
select pg_temp.report('probe4', 'resting');
select is(pg_temp.stands(), 'ok 0', 'a job that has ended reports nothing');

-- Videos: a submission that is accepted, and an operation that dies.
select pg_temp.report('5', 'resting');
select pg_temp.rest_is_over();
select pg_temp.take('probe5');
select public.begin_generation_submission('image_generation_queue', msg_id, token, 'models/first') from lease where name = 'probe5';
select public.record_generation_operation('image_generation_queue', msg_id, token, '{"name": "op"}') from lease where name = 'probe5';
select is(pg_temp.stands(), 'ok 1', 'a submission that is accepted ends the rest, and not yet the trouble');
select pg_temp.report('probe5', 'resting');
select is(pg_temp.stands(), 'resting 2', 'so that operations which die make longer rests');
select pg_temp.succeed('6');
select pg_temp.report('7', 'resting');
update public.generation_models set state = 'ok', rests_until = null, updated_at = now() - interval '61 minutes';
select pg_temp.report('8', 'resting');
select is(pg_temp.stands(), 'resting 1', 'after an hour trouble is new');
select throws_ok($$ select pg_temp.report('8', 'ok') $$, '22023', 'state: expected resting, refused or retired, got ''ok''',
  'only trouble is reported');

select * from finish();
rollback;
