-- Which of its worker's models takes a job while some are in trouble.
begin;
select plan(24);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.generation_limits;
delete from public.generation_models;

create function pg_temp.claim(fallback integer default 600) returns text[] language sql as $$
  select coalesce(array_agg(message ->> 'prompt' order by message ->> 'prompt'), '{}')
  from public.claim_generation_jobs('image_generation_queue', 30, 10, '{models/first,second,third}', fallback)
$$;
create function pg_temp.send(variadic prompts text[]) returns void language sql as $$
  select pgmq.send('image_generation_queue',
    jsonb_build_object('prompt', prompt) || case when prompt like 'first%' then '{"model": "first"}' else '{}' end::jsonb)
  from unnest(prompts) as prompt
$$;
create function pg_temp.stands(name text, state text, since interval, rests interval default '1 minute') returns void
language sql as $$
  insert into public.generation_models (model, state, since, rests_until, code, reason)
  values (name, state, clock_timestamp() - since, clock_timestamp() + rests, 'quota_exhausted', 'why')
  on conflict (model) do update
  set state = excluded.state, since = excluded.since, rests_until = excluded.rests_until, probe_job = null
$$;
create function pg_temp.leased(prompts text) returns text[] language sql as $$
  select array_agg(leased_model order by prompt) from public.generation_jobs
  where status = 'running' and prompt like prompts
$$;

select pg_temp.stands('first', 'resting', '9 minutes');
select pg_temp.send('a1', 'a2', 'first1');
select is(pg_temp.claim(), '{}', 'all wait for the first model for a while');
select is(pg_temp.claim(null), '{}', 'or for ever, if the worker says so');
select is(pg_temp.claim(500), '{a1,a2}', 'after that time the next model takes those that name none');
select is(pg_temp.leased('a%'), '{second,second}', 'which the ledger says');
select is(waits_for, '', 'the one that names the model waits') from public.generation_jobs where prompt = 'first1';

select pg_temp.send('b1');
select pg_temp.stands('first', 'retired', '0 minutes');
select is(pg_temp.claim(), '{b1}', 'a model that is retired is passed over at once');
select pg_temp.send('c1');
select pg_temp.stands('second', 'refused', '0 minutes');
select is(pg_temp.claim(), '{}', 'then the second one is waited for');
select pg_temp.stands('second', 'refused', '20 minutes');
select is(pg_temp.claim(), '{c1}', 'until its time is over, too');
select is(pg_temp.leased('c%'), '{third}', 'for the third one');

select pg_temp.send('d1', 'd2');
select pg_temp.stands('third', 'resting', '20 minutes');
select is(pg_temp.claim(), '{}', 'when none is left, all wait');
select pg_temp.stands('second', 'refused', '20 minutes', '-1 seconds');
select is(pg_temp.claim(), '{d1}', 'the first one that may be probed gets one job');
select is(pg_temp.leased('d1'), '{second}', 'for that model');
select pg_temp.stands('third', 'resting', '20 minutes', '-1 seconds');
select is(pg_temp.claim(), '{d2}', 'while it is probed the next one gets its probe');

delete from public.generation_models where model = 'third';
select pg_temp.send('e1');
create temporary table e1 as
select * from public.claim_generation_jobs('image_generation_queue', 30, 1, '{first,second,third}', 600);
select is(
  (select unavailable from e1) #- '{first,seconds}' #- '{second,seconds}',
  '{"first": {"state": "retired", "probe": false, "passed_over": true, "code": "quota_exhausted", "reason": "why"},
    "second": {"state": "refused", "probe": false, "passed_over": true, "code": "quota_exhausted", "reason": "why"}}',
  'the claim says which models are in trouble, and which of them are not waited for'
);
select ok((unavailable #>> '{first,seconds}')::integer between 55 and 60, 'and how long they rest') from e1;

-- The worker finds that only the second one can do it.
select public.defer_generation_job('image_generation_queue', msg_id, lease_token, 900, false, 'quota_exhausted', 'why',
  waits_for => 'models/second') from e1;
select is(waits_for, 'second', 'a job may wait for a model that is not its first') from public.generation_jobs where prompt = 'e1';
update pgmq.q_image_generation_queue set vt = clock_timestamp() where msg_id = (select msg_id from e1);
update public.generation_models set probe_job = null where model = 'second';
select is(pg_temp.claim(), '{e1}', 'it probes that one when it may');
select is(pg_temp.leased('e1'), '{second}', 'though others stand ok');
select is(
  array(select distinct message ->> 'prompt' from public.claim_generation_jobs('image_generation_queue', 30, 10)),
  '{first1}', 'a worker that names no models is given what there is'
);


-- A job that met the trouble itself is hidden until the rest is over, or until its time for the next model has come.
update pgmq.q_image_generation_queue set vt = clock_timestamp() + interval '1 day';
delete from public.generation_models;
create function pg_temp.waits(prompt text, fallback integer, models text[] default '{first,second}') returns integer
language plpgsql as $$
declare
  seconds integer;
begin
  perform pg_temp.send(prompt);
  delete from public.generation_models;
  perform pg_temp.stands('first', 'resting', '8 minutes', '-1 seconds');
  select public.report_generation_trouble(
    'image_generation_queue', msg_id, lease_token, 'first', 'resting', 'quota_exhausted', 'why', 400
  ) into seconds
  from public.claim_generation_jobs('image_generation_queue', 30, 1, models, fallback);
  update pgmq.q_image_generation_queue set vt = clock_timestamp() + interval '1 day';
  return seconds;
end
$$;
select ok(pg_temp.waits('f1', 600) between 110 and 120, 'another model takes it before the rest is over');
select ok(pg_temp.waits('f2', 7200) between 400 and 510, 'or the rest is over before that');
select ok(pg_temp.waits('f3', 600, '{first}') >= 400, 'where there is no other model it waits for this one');
select ok(pg_temp.waits('first2', 600) >= 400, 'and so does one that names it');
select ok(
  generation_private.wait_seconds(jsonb_populate_record(j, '{"operation": "o"}'), m) >= 400,
  'or that has an operation, which no other model can take'
)
from public.generation_jobs as j, public.generation_models as m
where j.msg_id = (select max(msg_id) from public.generation_jobs where requested_model = '') and m.model = 'first';

select * from finish();
rollback;
