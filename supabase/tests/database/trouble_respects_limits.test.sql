-- Limits and fair shares hold while models are in trouble.
begin;
select plan(7);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.generation_limits;
delete from public.generation_models;
create function pg_temp.claim(quantity integer default 10) returns text language sql as $$
  select coalesce(string_agg(message ->> 'storyboardId', '' order by place), '')
  from public.claim_generation_jobs('image_generation_queue', 30, quantity, '{first,second}')
    with ordinality as claimed(
      job_id, msg_id, lease_token, message, attempts, operation, operation_age_seconds,
      submission_pending, enqueued_at, retried, age_seconds, unavailable, place
    )
$$;
create function pg_temp.stands(name text, in_state text, rests interval) returns void language sql as $$
  insert into public.generation_models (model, state, since, rests_until)
  values (name, in_state, clock_timestamp() - interval '1 hour', clock_timestamp() + rests)
  on conflict (model) do update set state = excluded.state, rests_until = excluded.rests_until, probe_job = null
$$;
insert into public.generation_limits (model, jobs_in_flight) values ('first', 0), ('second', 3);
insert into public.generation_limits (queue, fair_share) values ('image_generation_queue', 'storyboard');
select pgmq.send('image_generation_queue', jsonb_build_object('storyboardId', board, 'prompt', 'p'))
from unnest(array['a', 'a', 'a', 'a', 'b', 'b']) as board;

select is(pg_temp.claim(), '', 'a limit holds all of them back');
select pg_temp.stands('first', 'retired', '1 hour');
select is(pg_temp.claim(), 'aba', 'the model that takes over has a limit of its own, and storyboards take turns');
select is(array(select distinct leased_model from public.generation_jobs where status = 'running'), '{second}',
  'for which they are counted');
select is(pg_temp.claim(), '', 'the rest has to wait');

update public.generation_limits set jobs_in_flight = 100 where model = 'second';
select pg_temp.stands('second', 'resting', '-1 seconds');
select is(pg_temp.claim(), 'b', 'of places that are free a probe takes one');
update public.generation_limits set jobs_in_flight = 0 where model = 'second';
select pg_temp.stands('second', 'resting', '-1 seconds');
select is(pg_temp.claim(), '', 'and none where none is free');
update public.generation_limits set jobs_in_flight = 100 where model = 'second';
delete from public.generation_models where model = 'second';
select is(pg_temp.claim(1), 'a', 'then it goes on');

select * from finish();
rollback;
