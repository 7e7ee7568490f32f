-- A person who gives an operation up has the video submitted again.
begin;
select plan(3);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('video_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
create temporary table lease as
select * from public.claim_generation_jobs('video_generation_queue', 600, 1);
select public.begin_generation_submission('video_generation_queue', msg_id, lease_token, 'veo') from lease;
select public.record_generation_operation('video_generation_queue', msg_id, lease_token, '{"name": "op"}') from lease;
select public.fail_generation_job('video_generation_queue', msg_id, lease_token, 'download_failed', 'gone') from lease;

select is(count(*), 1::bigint, 'the job is sent again')
from public.redrive_generation_jobs(error_code => 'download_failed', forget_operation => true);
select ok(status = 'queued' and operation is null and submission_started_at is null, 'to be submitted anew')
from public.generation_jobs;
select ok(
  exists (select from jsonb_array_elements(history) as event where event #>> '{operation,name}' = 'op'),
  'the name of the old operation is kept'
) from public.generation_jobs;

select * from finish();
rollback;
