-- A queue that was created again has no triggers until the migrations run again.
begin;
select plan(5);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
alter table pgmq.q_image_generation_queue disable trigger user;

select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "unseen"}');
select is(count(*), 0::bigint, 'the ledger knows nothing of it') from public.generation_jobs;

create temporary table lease as
select * from public.claim_generation_jobs('image_generation_queue', 30, 5);
select is(count(*), 1::bigint, 'the message is claimed all the same') from lease;
select is(job.status, 'running', 'and has a job then')
from public.generation_jobs as job join lease on lease.job_id = job.id;

-- The same message id, another message: the queue counts from 1 again.
update public.generation_jobs set enqueued_at = enqueued_at - interval '1 day';
update pgmq.q_image_generation_queue set vt = clock_timestamp();
create temporary table second as
select * from public.claim_generation_jobs('image_generation_queue', 30, 5);
select isnt((select job_id from second), (select job_id from lease), 'another message is another job');
select is(job.error_code, 'message_lost', 'the job whose message is gone has failed')
from public.generation_jobs as job join lease on lease.job_id = job.id;

select * from finish();
rollback;
