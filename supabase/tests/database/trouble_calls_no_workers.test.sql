-- While no job of a queue can be begun, its workers are left alone: but for the probe, for what is polled, and for what
-- has waited too long.
begin;
select plan(13);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.generation_models;
update public.generation_worker_settings set most_workers = 4, jobs_per_worker = 1;
-- How many workers are called, when none that was called before is on its way.
create function pg_temp.called(queue text default 'video_generation_queue') returns integer language sql as $$
  delete from generation_private.worker_calls;
  select generation_private.call_workers(queue)
$$;
select public.install_generation_schedule('https://project.test', 'key');

select public.claim_generation_jobs('video_generation_queue', 30, 0, '{veo,omni}', 600, 7200);
update public.generation_worker_settings set most_workers = 0;
select pgmq.send('video_generation_queue', jsonb_build_object('prompt', n::text)) from generate_series(1, 9) as n;
update public.generation_worker_settings set most_workers = 4;
select is(pg_temp.called(), 4, 'as many as are allowed while the models stand ok');

insert into public.generation_models (model, state, rests_until, since, code)
values ('veo', 'refused', clock_timestamp() + interval '1 minute', clock_timestamp(), 'api_key_invalid');
select is(pg_temp.called(), 0, 'none while the first model rests');
update public.generation_models set since = clock_timestamp() - interval '11 minutes';
select is(pg_temp.called(), 4, 'unless the next one takes the jobs');
insert into public.generation_models (model, state, rests_until, since, code)
values ('omni', 'resting', clock_timestamp() + interval '1 minute', clock_timestamp(), 'provider_unavailable');
select is(pg_temp.called(), 0, 'none while both rest');
select pgmq.send('image_generation_queue', '{"prompt": "10"}');
select is(pg_temp.called('image_generation_queue'), 1, 'while the other queue has workers called as before');

update public.generation_models set rests_until = clock_timestamp() where model = 'veo';
select is(pg_temp.called(), 1, 'one when a model is to be probed');
create temporary table probe as
select * from public.claim_generation_jobs('video_generation_queue', 30, 5, '{veo,omni}', 600, 7200);
select is(count(*), 1::bigint, 'which takes one job') from probe;
select is(pg_temp.called(), 0, 'and none while it is probed');

update public.generation_jobs set pending_since = pending_since - interval '2 hours' where prompt in ('7', '8');
select is(pg_temp.called(), 2, 'those that have waited too long are for a worker to end');
select is(array_agg(message ->> 'prompt'), '{7,8}', 'and are handed out')
from public.claim_generation_jobs('video_generation_queue', 30, 5, '{veo,omni}', 600, 7200);

select public.begin_generation_submission('video_generation_queue', msg_id, lease_token, 'veo')
from probe;
select public.record_generation_operation('video_generation_queue', msg_id, lease_token, '{"name": "op"}')
from probe;
select is(state || troubles, 'ok0', 'a submission that is accepted ends a rest') from public.generation_models
where model = 'veo';
select is(pg_temp.called(), 1, 'workers come again, as far as there are places');
update public.generation_models set state = 'resting', rests_until = clock_timestamp() + interval '1 minute' where model = 'veo';
update pgmq.q_video_generation_queue set vt = clock_timestamp() where msg_id = (select msg_id from probe);
update public.generation_worker_settings set most_workers = 10;
select is(pg_temp.called(), 1, 'a video that is to be polled needs a worker, however its model stands');

select * from finish();
rollback;
