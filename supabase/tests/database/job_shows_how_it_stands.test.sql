begin;
select plan(9);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', jsonb_build_object(
  'storyboardId', 'sb', 'sceneId', 's' || n, 'prompt', n::text
)) from generate_series(1, 4) as n;
create function pg_temp.job(wanted text) returns jsonb language sql as $$
  select public.generation_job(id) from public.generation_jobs where prompt = wanted
$$;

select is(pg_temp.job('3') ->> 'position', '3', 'the third in the queue');
create temporary table lease as select * from public.claim_generation_jobs('image_generation_queue', 30, 1);
select is(pg_temp.job('3') ->> 'position', '2', 'moves up when the first is taken');
select is(pg_temp.job('1') ->> 'position', null, 'what runs has no place in the queue');
select is(pg_temp.job('1') ->> 'status', 'running', 'the status');
select ok((pg_temp.job('1') ->> 'visible_at')::timestamptz > clock_timestamp(), 'and when the message is visible again');

select public.fail_generation_job('image_generation_queue', msg_id, lease_token, 'content_blocked', 'SAFETY') from lease;
select is(pg_temp.job('1') -> 'error', '{"code": "content_blocked", "message": "SAFETY"}', 'a failure says why');
select is(pg_temp.job('1') -> 'visible_at', 'null', 'what has ended is never visible again');
select is(
  (select array_agg(key order by key) from jsonb_object_keys(pg_temp.job('1')) as key),
  array['asset_url', 'attempts', 'character_id', 'chosen_at', 'content_type', 'cost_usd', 'enqueued_at', 'entities', 'error',
    'finished_at', 'history', 'id', 'idempotency_key', 'kind', 'model', 'msg_id', 'object_path', 'operation', 'owner',
    'position', 'priority', 'prompt', 'queue', 'scene_id', 'started_at', 'status', 'storyboard_id', 'submitted_at',
    'updated_at', 'usage', 'visible_at', 'waits_for'],
  'every key is always there'
);
select is(public.generation_job(gen_random_uuid()), null, 'an unknown job is null');

select * from finish();
rollback;
