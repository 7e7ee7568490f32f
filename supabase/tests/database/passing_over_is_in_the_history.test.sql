-- A job that went to another model, because those before it were in trouble, says so in its history: which one, and why.
begin;
select plan(10);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

create function pg_temp.told(of_kind text) returns jsonb language sql as $$
  select coalesce(jsonb_agg(event.value - 'at'), '[]')
  from public.generation_jobs as job, jsonb_array_elements(job.history) as event(value)
  where job.kind = of_kind and event.value ->> 'event' = 'passed_over'
$$;
create function pg_temp.complete(queue text, passed_over text) returns void language sql as $$
  select public.complete_generation_job(queue, msg_id, lease_token, 'sb/jobs/1', 'https://x.test/1', 'image/png',
    'second', null, null, passed_over)
  from public.claim_generation_jobs(queue, 30, 1)
$$;

select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
select pg_temp.complete('image_generation_queue', 'first: overloaded since noon');
select is(
  pg_temp.told('image'),
  '[{"event": "passed_over", "model": "second", "reason": "first: overloaded since noon"}]',
  'an image tells it with its completion'
);
select ok((history #>> '{-1,at}')::timestamptz between started_at and clock_timestamp(), 'and when') from public.generation_jobs;
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
select pg_temp.complete('image_generation_queue', null);
select is(pg_temp.told('image'), '[]', 'one that went to its first model has nothing to tell');
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
select pg_temp.complete('image_generation_queue', repeat('x', 5000));
select is(length(pg_temp.told('image') #>> '{0,reason}'), 4000, 'a reason is bounded');

select pgmq.send('video_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
create temporary table lease as select * from public.claim_generation_jobs('video_generation_queue', 600, 1);
create function pg_temp.submit(model text, passed_over text) returns boolean language sql as $$
  select public.begin_generation_submission('video_generation_queue', msg_id, lease_token, model, passed_over) from lease
$$;
select ok(pg_temp.submit('second', 'first: 503'), 'a video tells it with its submission');
select is(
  pg_temp.told('video'), '[{"event": "passed_over", "model": "second", "reason": "first: 503"}]', 'in the same words'
);
select ok(pg_temp.submit('second', 'first: 503'), 'a call that is repeated');
select is(jsonb_array_length(pg_temp.told('video')), 1, 'tells it once');
select ok(pg_temp.submit('third', 'first: 503, second: 404'), 'the next model');
select is(
  pg_temp.told('video') -> -1,
  '{"event": "passed_over", "model": "third", "reason": "first: 503, second: 404"}',
  'is told, too'
);

select * from finish();
rollback;
