-- While Storage refuses a project's assets, one job in ten minutes is generated to find out, not all that wait.
begin;
select plan(11);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from generation_private.storage_refusals;

select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}') from generate_series(1, 20);
select pgmq.send('video_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
create temporary table lease (msg_id bigint, lease_token integer);
create function pg_temp.claimed(queue text, quantity integer) returns bigint language sql as $$
  with claims as (
    insert into lease select msg_id, lease_token from public.claim_generation_jobs($1, 30, $2, array['m']) returning 1
  )
  select count(*) from claims
$$;
create function pg_temp.defer(delay double precision, code text) returns boolean language sql as $$
  select public.defer_generation_job('image_generation_queue', msg_id, lease_token, $1, true, $2, 'why')
  from lease order by msg_id desc limit 1
$$;
create function pg_temp.time_goes_by(minutes integer) returns void language sql as $$
  update generation_private.storage_refusals set tried_at = tried_at - make_interval(mins => $1)
$$;

select is(pg_temp.claimed('image_generation_queue', 2), 2::bigint, 'jobs are claimed');
select pg_temp.defer(20, 'storage_failed');
select is(pg_temp.claimed('image_generation_queue', 2), 2::bigint, 'a Storage that was down for a moment changes nothing');
select pg_temp.defer(3600, 'storage_failed');
select is(pg_temp.claimed('image_generation_queue', 5), 0::bigint, 'after a refusal no other job is generated at once');
select is(pg_temp.claimed('video_generation_queue', 1), 1::bigint, 'the other queue has a bucket of its own');
select pg_temp.time_goes_by(11);
select is(
  generation_private.claim_along('image_generation_queue', jsonb_build_object(
    'lease_seconds', 30, 'quantity', 1, 'models', array['m'], 'fallback_after_seconds', 600, 'job_deadline_seconds', 86400
  )),
  null, 'nor along with a completion'
);
select is(pg_temp.claimed('image_generation_queue', 0), 0::bigint, 'who asks for none takes no turn');
select is(pg_temp.claimed('image_generation_queue', 5), 1::bigint, 'ten minutes later one job finds out');
select is(pg_temp.claimed('image_generation_queue', 5), 0::bigint, 'and no worker takes another one meanwhile');

select public.complete_generation_job(
  'image_generation_queue', msg_id, lease_token, 'p', 'u', 'image/png', 'm', null, null
) from lease where msg_id = (select max(msg_id) from pgmq.q_image_generation_queue where read_ct > 0);
select is(pg_temp.claimed('image_generation_queue', 2), 2::bigint, 'when it is stored, the others follow');

select pg_temp.defer(3600, 'storage_failed');
select is(pg_temp.claimed('image_generation_queue', 2), 0::bigint, 'refused again');
select public.reset_generation_models();
select is(pg_temp.claimed('image_generation_queue', 2), 2::bigint, 'an operator who has put it right need not wait');

select * from finish();
rollback;
