-- The archive may be emptied and the queue created again: the ledger still has the message.
begin;
select plan(9);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', jsonb_build_object('storyboardId', 'sb', 'prompt', n::text))
from generate_series(1, 2) as n;
create temporary table lease as
select *, message ->> 'prompt' as n from public.claim_generation_jobs('image_generation_queue', 30, 2);
select public.fail_generation_job('image_generation_queue', msg_id, lease_token, 'no_image', 'x') from lease;

delete from pgmq.a_image_generation_queue where msg_id in (select msg_id from lease);
select is(count(*), 1::bigint, 'sent again')
from public.redrive_generation_jobs(array(select job_id from lease where n = '1'));
select is(message ->> 'prompt', '1', 'with the message from the ledger') from pgmq.q_image_generation_queue;

-- Another message has the id by now.
insert into pgmq.q_image_generation_queue (msg_id, vt, message)
overriding system value
select msg_id, clock_timestamp(), '{"storyboardId": "sb", "prompt": "other"}' from lease where n = '2';
select is(count(*), 1::bigint, 'sent again although the id is taken')
from public.redrive_generation_jobs(array(select job_id from lease where n = '2'));
select isnt(job.msg_id, lease.msg_id, 'under another id')
from public.generation_jobs as job join lease on lease.job_id = job.id where n = '2';
select is(q.enqueued_at, lease.enqueued_at, 'at the same time in the order')
from public.generation_jobs as job
join lease on lease.job_id = job.id
join pgmq.q_image_generation_queue as q on q.msg_id = job.msg_id
where n = '2';
select is(count(*), 3::bigint, 'the other message has a job of its own') from public.generation_jobs;

-- The same, when the ledger has not heard of the other message.
select public.fail_generation_job('image_generation_queue', msg_id, lease_token, 'no_image', 'x')
from public.claim_generation_jobs('image_generation_queue', 30, 1);
alter table pgmq.q_image_generation_queue disable trigger user;
insert into pgmq.q_image_generation_queue (msg_id, vt, message)
overriding system value
select msg_id, clock_timestamp(), '{}' from public.generation_jobs where status = 'failed';
alter table pgmq.q_image_generation_queue enable trigger user;
select is(count(*), 1::bigint, 'what is taken in the queue is taken')
from public.redrive_generation_jobs(error_code => 'no_image');

-- A queue that was created again counts from 1: an id that it has not given out yet would stop a sender later.
truncate pgmq.q_image_generation_queue;
delete from public.generation_jobs;
select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "old"}');
select public.fail_generation_job('image_generation_queue', msg_id, lease_token, 'no_image', 'x')
from public.claim_generation_jobs('image_generation_queue', 30, 1);
alter table pgmq.q_image_generation_queue alter column msg_id restart with 1;
select public.redrive_generation_jobs(error_code => 'no_image');
select is(msg_id, 1::bigint, 'the next free id is used') from pgmq.q_image_generation_queue;
select is(
  pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "new"}'), 2::bigint,
  'and the sender gets the one after it'
);

select * from finish();
rollback;
