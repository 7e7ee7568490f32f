-- Which model a job waits for, until when and why; how each model stands, and what to do.
begin;
select plan(19);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.generation_models;
delete from generation_private.workers;
create function pg_temp.job(prompt text) returns jsonb language sql as $$
  select public.generation_job(id) from public.generation_jobs as j where j.prompt = job.prompt
$$;

select public.claim_generation_jobs('image_generation_queue', 30, 0, '{first,second}');
select pgmq.send('image_generation_queue', jsonb_build_object('prompt', prompt) || fields)
from (values ('any', '{}'::jsonb), ('another', '{}'), ('chosen', '{"model": "models/second"}')) as m (prompt, fields);
select results_eq(
  'select model, kind, state, remedy, waiting_jobs from public.generation_standing',
  $$ values ('first', 'image', 'ok', null, 0::bigint), ('second', 'image', 'ok', null, 0) $$,
  'the workers'' models stand ok'
);
select is(pg_temp.job('any') ->> 'waits_for', null, 'and no job waits for one');

insert into public.generation_models (model, state, rests_until, since, code, reason)
values ('first', 'resting', clock_timestamp() + interval '1 minute', clock_timestamp(), 'provider_unavailable', 'overloaded');
select is(
  (pg_temp.job('any') -> 'waits_for') - 'until',
  '{"by": "model", "model": "first", "state": "resting", "code": "provider_unavailable", "reason": "overloaded"}',
  'a job waits for the first model'
);
select ok((pg_temp.job('any') #>> '{waits_for,until}')::timestamptz > now(), 'until its rest is over');
select is(pg_temp.job('chosen') ->> 'waits_for', null, 'one that names another does not');
select results_eq(
  'select prompt, waits_for from public.generation_pending_jobs order by msg_id',
  $$ values ('any', 'first'), ('another', 'first'), ('chosen', null) $$,
  'the list of pending jobs says the same'
);
select results_eq(
  'select model, state, remedy, waiting_jobs from public.generation_standing',
  $$ values ('first', 'resting', '# wait: jobs go on by themselves', 2::bigint), ('second', 'ok', null, 0) $$,
  'as does the list of models'
);
select ok(not probed, 'which no job probes yet') from public.generation_standing where model = 'first';

update public.generation_models set rests_until = clock_timestamp();
select is(waiting_jobs, 2::bigint, 'until a worker takes one to probe it, all jobs wait')
from public.generation_standing where model = 'first';
select public.claim_generation_jobs('image_generation_queue', 30, 1, '{first,second}');
select is(pg_temp.job('any') ->> 'waits_for', null, 'a job that a worker has in hand waits no more');
select is(pg_temp.job('another') #>> '{waits_for,model}', 'first', 'the next one waits for what it finds');
select ok(probed, 'as the list says') from public.generation_standing where model = 'first';

select pgmq.send('image_generation_queue', '{"prompt": "submitted"}');
update public.generation_jobs set status = 'waiting', operation = '{}', waits_for = 'first' where prompt = 'submitted';
select is(waiting_jobs, 2::bigint, 'with what was submitted and is polled later')
from public.generation_standing where model = 'first';
delete from public.generation_jobs where prompt = 'submitted';

update public.generation_models set since = since - interval '10 minutes';
select is(pg_temp.job('another') ->> 'waits_for', null, 'in the end the next model takes it');

insert into public.generation_models (model, state, rests_until, since, code, reason)
values ('vertex/veo', 'refused', clock_timestamp() + interval '1 minute', clock_timestamp(), 'api_key_invalid', 'x'),
  ('second', 'refused', clock_timestamp() + interval '1 minute', clock_timestamp(), 'location_refused', 'x');
select results_eq(
  $$ select model, kind, remedy, waiting_jobs from public.generation_standing where state = 'refused' $$,
  $$ values
    ('second', 'image', 'update generation_worker_settings set region = ''us-east-1'';', 2::bigint),
    ('vertex/veo', null, 'supabase secrets set GOOGLE_SERVICE_ACCOUNT_JSON="$(cat key.json)"', 0) $$,
  'each reason has its remedy, and a model in trouble is shown although no worker names it'
);
select set_eq($$ select public.reset_generation_models('models/second') $$, '{second}'::text[], 'an operator ends a rest by hand');
select set_eq('select public.reset_generation_models()', '{first,vertex/veo}'::text[], 'or all');

delete from public.generation_limits;
insert into public.generation_models (model, state, rests_until, since, code, reason)
values ('it''s', 'resting', clock_timestamp() + interval '1 minute', clock_timestamp(), 'quota_exhausted', 'x');
do $$
declare
  remedy constant text := (select s.remedy from public.generation_standing as s where s.model = 'it''s');
begin
  execute remedy;
  execute remedy;
end
$$;
select is(requests_per_minute, 10, 'a limit helps with a quota, also copied twice') from public.generation_limits;
update public.generation_limits set requests_per_minute = 5;
do $$
begin
  execute (select s.remedy from public.generation_standing as s where s.model = 'it''s');
end
$$;
select is(requests_per_minute, 5, 'and one that is lower stays') from public.generation_limits;

select * from finish();
rollback;
