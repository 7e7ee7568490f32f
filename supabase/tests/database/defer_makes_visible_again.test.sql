begin;
select plan(13);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('video_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');

create temporary table lease as select * from public.claim_generation_jobs('video_generation_queue', 600, 1);
select ok(
  public.defer_generation_job('video_generation_queue', msg_id, lease_token, 40, true, 'provider_unavailable', 'HTTP 503'),
  'deferred'
) from lease;
select ok(vt between clock_timestamp() + interval '30 s' and clock_timestamp() + interval '40 s',
  'the message is visible again after the delay') from pgmq.q_video_generation_queue;
select is(array[status, attempts::text, error_code, error_message], array['queued', '1', 'provider_unavailable', 'HTTP 503'],
  'a counted attempt stays counted, the reason is kept') from public.generation_jobs;
create temporary table before as select to_jsonb(job) as job from public.generation_jobs as job;
select ok(
  public.defer_generation_job('video_generation_queue', msg_id, lease_token, 40, true, 'provider_unavailable', 'HTTP 503'),
  'said again, it answers the same'
) from lease;
select is((select to_jsonb(job) from public.generation_jobs as job), (select job from before), 'and changes nothing');

update pgmq.q_video_generation_queue set vt = clock_timestamp();
truncate lease;
insert into lease select * from public.claim_generation_jobs('video_generation_queue', 600, 1);
select public.begin_generation_submission('video_generation_queue', msg_id, lease_token, 'veo') from lease;
select public.record_generation_operation('video_generation_queue', msg_id, lease_token, '{"name": "op"}') from lease;
select ok(public.defer_generation_job('video_generation_queue', msg_id, lease_token, 0.5, false, null, null),
  'a fraction of a second is a delay too') from lease;
select is(array[status, attempts::text], array['waiting', '1'],
  'with an operation the job waits; the attempt is taken back') from public.generation_jobs;
select is(error_code, 'provider_unavailable', 'without a reason the last one stays') from public.generation_jobs;

update pgmq.q_video_generation_queue set vt = clock_timestamp();
truncate lease;
insert into lease select * from public.claim_generation_jobs('video_generation_queue', 600, 1);
select ok(
  public.defer_generation_job('video_generation_queue', msg_id, lease_token, 0, true, 'operation_failed', 'code 13', true),
  'deferred with the operation ended'
) from lease;
select ok(
  status = 'queued' and operation is null and submission_started_at is null and submitted_at is null,
  'nothing is submitted any more'
) from public.generation_jobs;
select is(
  jsonb_path_query_array(history, '$.event'), '["deferred", "operation_discarded", "deferred"]',
  'the history tells it all'
) from public.generation_jobs;
select is(history #> '{1,operation}', '{"name": "op"}', 'the operation is not forgotten') from public.generation_jobs;

truncate lease;
insert into lease select * from public.claim_generation_jobs('video_generation_queue', 600, 1);
select ok(public.begin_generation_submission('video_generation_queue', msg_id, lease_token, 'veo'),
  'the next attempt may submit') from lease;

select * from finish();
rollback;
