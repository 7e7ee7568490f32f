-- An id that the archive has already is no reason to stop the queue.
begin;
select plan(6);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue, pgmq.a_image_generation_queue, pgmq.a_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', jsonb_build_object('storyboardId', 'sb', 'prompt', n::text))
from generate_series(1, 2) as n;
select public.fail_generation_job('image_generation_queue', msg_id, lease_token, 'no_image', 'x')
from public.claim_generation_jobs('image_generation_queue', 30, 1);

-- Copied back by hand, where the triggers are missing.
alter table pgmq.q_image_generation_queue disable trigger user;
insert into pgmq.q_image_generation_queue (msg_id, enqueued_at, vt, message) overriding system value
select msg_id, enqueued_at, now(), message from pgmq.a_image_generation_queue;
alter table pgmq.q_image_generation_queue enable trigger user;
select is((select array_agg(message ->> 'prompt') from public.claim_generation_jobs('image_generation_queue', 30, 2)), array['2'],
  'the next message is claimed');
select is(count(*), 1::bigint, 'the archive has the settled one once') from pgmq.a_image_generation_queue;

-- Counted from 1 again by hand: another message has the id.
alter table pgmq.q_image_generation_queue alter column msg_id restart with 1;
update pgmq.a_image_generation_queue set msg_id = 1;
update public.generation_jobs set msg_id = 1 where status = 'failed';
select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "3"}');
update pgmq.q_image_generation_queue set enqueued_at = enqueued_at + interval '1 s' where msg_id = 1;
update public.generation_jobs set enqueued_at = enqueued_at + interval '1 s' where prompt = '3';
select is(
  public.complete_generation_job('image_generation_queue', msg_id, lease_token, 'p', 'u', 'image/png', 'm', null, null) ->> 'held',
  'true', 'a job whose id was given out a second time is completed'
) from public.claim_generation_jobs('image_generation_queue', 30, 1);
select is(message ->> 'prompt', '3', 'and archived') from pgmq.a_image_generation_queue;
select is(count(*), 1::bigint, 'the older one can be sent again all the same')
from public.redrive_generation_jobs(error_code => 'no_image');
select is(message ->> 'prompt', '1', 'with its message')
from pgmq.q_image_generation_queue where vt <= clock_timestamp();

select * from finish();
rollback;
