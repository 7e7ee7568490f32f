-- The same job, the same message, the same place in the order.
begin;
select plan(15);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('video_generation_queue', jsonb_build_object('storyboardId', 'sb', 'prompt', n))
from unnest(array['uncertain', 'timed out', 'fine']) as n;
create temporary table lease as
select *, message ->> 'prompt' as n from public.claim_generation_jobs('video_generation_queue', 600, 2);
select public.begin_generation_submission('video_generation_queue', msg_id, lease_token, 'veo') from lease;
select public.record_generation_operation('video_generation_queue', msg_id, lease_token, '{"name": "op"}')
from lease where n = 'timed out';
select public.fail_generation_job('video_generation_queue', msg_id, lease_token,
  case n when 'uncertain' then 'submission_uncertain' else 'operation_timed_out' end, 'why')
from lease;

select throws_ok($$ select public.redrive_generation_jobs() $$, '22023',
  'expected job_ids, error_code or queue_name: which failed jobs to send again', 'nothing is sent again by accident');
select is(count(*), 0::bigint, 'jobs that have not failed are left alone')
from public.redrive_generation_jobs(array(select id from public.generation_jobs where prompt = 'fine'));
select is(count(*), 0::bigint, 'nor is one that may have been paid for')
from public.redrive_generation_jobs(error_code => 'submission_uncertain');

select is(
  (
    select array_agg(r)
    from public.redrive_generation_jobs(error_code => 'submission_uncertain', forget_operation => true) as r
  ),
  (select array_agg(job_id) from lease where n = 'uncertain'),
  'the jobs with an error code are sent again'
);
select ok(
  status = 'queued' and attempts = 0 and error_code is null and finished_at is null and started_at is null,
  'the job starts over'
) from public.generation_jobs where prompt = 'uncertain';
select is(history #>> '{0,error_code}', 'submission_uncertain', 'its error is history')
from public.generation_jobs where prompt = 'uncertain';
select ok(submission_started_at is null, 'it may be submitted anew')
from public.generation_jobs where prompt = 'uncertain';
select ok(q.vt <= clock_timestamp() and q.enqueued_at = job.enqueued_at and q.message = job.message,
  'its message is on the queue again, as it was')
from pgmq.q_video_generation_queue as q join public.generation_jobs as job using (msg_id)
where job.prompt = 'uncertain';
select is(count(*), 0::bigint, 'and no longer in the archive')
from pgmq.a_video_generation_queue as a join lease using (msg_id) where n = 'uncertain';

select is(count(*), 1::bigint, 'the failed jobs of a queue are sent again')
from public.redrive_generation_jobs(queue_name => 'video_generation_queue');
select is(array[status, operation ->> 'name'], array['waiting', 'op'], 'an operation is polled on')
from public.generation_jobs where prompt = 'timed out';

select ok(not public.fail_generation_job('video_generation_queue', msg_id, lease_token, 'x', 'y'),
  'the old lease is void') from lease where n = 'uncertain';
create temporary table again as
select *, message ->> 'prompt' as n from public.claim_generation_jobs('video_generation_queue', 600, 3);
select is(
  (select array_agg(n order by msg_id) from again), array['uncertain', 'timed out', 'fine'],
  'they come before what was enqueued after them'
);
select ok(again.lease_token > lease.lease_token and again.job_id = lease.job_id and again.retried,
  'as the same job with a new lease')
from again join lease using (n) where n = 'uncertain';
select is(count(*), 3::bigint, 'no job was created') from public.generation_jobs;

select * from finish();
rollback;
