-- A worker that has lost its lease stops without a trace.
begin;
select plan(9);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('video_generation_queue', '{"storyboardId": "sb", "sceneId": "s", "prompt": "p"}');
create temporary table old as select * from public.claim_generation_jobs('video_generation_queue', 30, 1);
update pgmq.q_video_generation_queue set vt = clock_timestamp();
create temporary table new as select * from public.claim_generation_jobs('video_generation_queue', 30, 1);
create temporary table before as
select to_jsonb(job) as job, (select to_jsonb(q) from pgmq.q_video_generation_queue as q) as message
from public.generation_jobs as job;

select is(public.extend_generation_lease('video_generation_queue', msg_id, lease_token, 60), false, 'extend')
from old;
select is(public.begin_generation_submission('video_generation_queue', msg_id, lease_token, 'm'), false, 'begin')
from old;
select is(public.record_generation_operation('video_generation_queue', msg_id, lease_token, '{"name": "o"}'), false, 'record')
from old;
select is(
  public.complete_generation_job('video_generation_queue', msg_id, lease_token, 'p', 'u', 'video/mp4', 'm', null, null),
  '{"held": false}', 'complete'
) from old;
select is(
  public.defer_generation_job('video_generation_queue', msg_id, lease_token, 5, true, 'x', 'y'), false, 'defer'
) from old;
select is(public.fail_generation_job('video_generation_queue', msg_id, lease_token, 'x', 'y'), false, 'fail')
from old;

select is(
  (select to_jsonb(job) from public.generation_jobs as job), (select job from before),
  'the ledger row is as before'
);
select is(
  (select to_jsonb(q) from pgmq.q_video_generation_queue as q), (select message from before),
  'the message is as before'
);
select is(public.extend_generation_lease('video_generation_queue', msg_id, lease_token, 60), true,
  'the new lease holds')
from new;

select * from finish();
rollback;
