begin;
select plan(13);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.generation_limits;

select pgmq.send('image_generation_queue', jsonb_build_object('prompt', n::text) || fields)
from unnest(array[
  '{}', '{}', '{"model": "models/slow"}', '{}', '{"model": "slow"}', '{"model": "free"}', '{}'
]::jsonb[]) with ordinality as m(fields, n);
create function pg_temp.claim(quantity integer default 10, models text[] default '{first,second,slow,free}')
returns text[] language sql as $$
  select coalesce(array_agg(message ->> 'prompt' order by place), '{}')
  from public.claim_generation_jobs('image_generation_queue', 30, quantity, models)
    with ordinality as claimed(
      job_id, msg_id, lease_token, message, attempts, operation, operation_age_seconds,
      submission_pending, enqueued_at, retried, age_seconds, unavailable, place
    )
$$;

insert into public.generation_limits (model, requests_per_minute, jobs_in_flight)
values ('first', 2, null), ('slow', null, 1), ('other', 0, 0);

select is(pg_temp.claim(), array['1', '2', '3', '6'],
  'each model as far as its limits go: the first of the list, or the one that the message names');
select is(
  array(select leased_model from public.generation_jobs where status = 'running' order by msg_id),
  array['first', 'first', 'slow', 'free'], 'the ledger says for which one a job was handed out'
);
select is(pg_temp.claim(), '{}', 'then the rest has to wait, visible');
select is(count(*), 3::bigint, 'and untouched') from pgmq.q_image_generation_queue
where vt <= clock_timestamp() and read_ct = 0;

select public.fail_generation_job('image_generation_queue', msg_id, lease_token, 'no_image', 'x')
from public.generation_jobs where prompt in ('1', '3');
select is(pg_temp.claim(), array['5'], 'a job that has ended leaves its place in flight, but its request was made');

update generation_private.requests set granted_at = granted_at - interval '59 seconds';
select is(pg_temp.claim(), '{}', 'which counts for a minute');
update generation_private.requests set granted_at = granted_at - interval '1 second';
select is(pg_temp.claim(1), array['4'], 'and no longer');
select is(pg_temp.claim(), array['7'], 'each counts by itself');

select pgmq.send('image_generation_queue', '{"prompt": "8"}');
select is(pg_temp.claim(), '{}', 'the next one is too much');
select is(pg_temp.claim(models => '{second}'), array['8'], 'another list has another first model');
select pgmq.send('image_generation_queue', '{"prompt": "9"}');
select is(pg_temp.claim(models => null), array['9'], 'a worker that names no models is not limited');

select pgmq.send('image_generation_queue', '{"prompt": "10"}');
update generation_private.requests set granted_at = granted_at + interval '1 hour';
select is(pg_temp.claim(), array['10'], 'requests of a clock that was set back are over');

select throws_ok($$ select public.claim_generation_jobs('image_generation_queue', 30, 1, '{}') $$, '22023',
  'models: expected the names of the worker''s models, the first one first, or null', 'an empty list is none');

select * from finish();
rollback;
