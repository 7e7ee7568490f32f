-- A video is paid for once: an announced submission of which nothing is known stops everybody.
begin;
select plan(11);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('video_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
create temporary table lease as select * from public.claim_generation_jobs('video_generation_queue', 600, 1);

select ok(public.begin_generation_submission('video_generation_queue', msg_id, lease_token, 'veo'), 'announced')
from lease;
select ok(submission_started_at is not null and submission_model = 'veo', 'the ledger says so')
from public.generation_jobs;
select ok(public.begin_generation_submission('video_generation_queue', msg_id, lease_token, 'omni'),
  'the same lease may go on to the next model')
from lease;

update pgmq.q_video_generation_queue set vt = clock_timestamp();
create temporary table next_lease as
select * from public.claim_generation_jobs('video_generation_queue', 600, 1);
select ok(submission_pending, 'the next claim learns of it') from next_lease;
select ok(
  not public.begin_generation_submission('video_generation_queue', msg_id, lease_token, 'veo'),
  'and is refused a submission of its own'
) from next_lease;

select ok(
  public.record_generation_operation('video_generation_queue', msg_id, lease_token, '{"name": "op"}'),
  'an operation is recorded'
) from next_lease;
update public.generation_jobs set submitted_at = submitted_at - interval '90 s';
select ok(
  public.record_generation_operation('video_generation_queue', msg_id, lease_token, '{"name": "op"}'),
  'and may be recorded again'
) from next_lease;
select ok(submitted_at < clock_timestamp() - interval '80 s', 'which does not make it younger')
from public.generation_jobs;
select ok(
  not public.begin_generation_submission('video_generation_queue', msg_id, lease_token, 'veo'),
  'with an operation there is nothing to submit'
) from next_lease;

update pgmq.q_video_generation_queue set vt = clock_timestamp();
create temporary table poller as
select * from public.claim_generation_jobs('video_generation_queue', 600, 1);
select ok(operation = '{"name": "op"}' and not submission_pending, 'the next claim gets the operation')
from poller;
select ok(operation_age_seconds between 89 and 120, 'and how old it is') from poller;

select * from finish();
rollback;
