begin;
select plan(7);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('video_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
create temporary table lease as select * from public.claim_generation_jobs('video_generation_queue', 600, 1);
select public.record_generation_operation('video_generation_queue', msg_id, lease_token, '{"name": "op"}') from lease;

select ok(public.fail_generation_job('video_generation_queue', msg_id, lease_token, 'content_blocked', 'SAFETY'), 'failed')
from lease;
select ok(status = 'failed' and finished_at is not null, 'the ledger says so') from public.generation_jobs;
select is(array[error_code, error_message], array['content_blocked', 'SAFETY'], 'and why') from public.generation_jobs;
select is(operation, '{"name": "op"}', 'the operation is kept') from public.generation_jobs;
select is(a.message, '{"storyboardId": "sb", "prompt": "p"}', 'the message is in the archive')
from pgmq.a_video_generation_queue as a join lease using (msg_id);
select ok(public.fail_generation_job('video_generation_queue', msg_id, lease_token, 'content_blocked', 'SAFETY'),
  'said again, it answers the same') from lease;
select ok(not public.defer_generation_job('video_generation_queue', msg_id, lease_token, 0, true, 'x', 'y'),
  'there is nothing left to defer') from lease;

select * from finish();
rollback;
