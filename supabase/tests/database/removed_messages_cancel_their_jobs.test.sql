-- Whatever people do to the queue with pgmq's own functions, the ledger follows.
begin;
select plan(7);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', jsonb_build_object('storyboardId', 'sb', 'prompt', n))
from unnest(array['deleted', 'archived', 'popped', 'running', 'purged']) as n;
create temporary table sent as select msg_id, prompt from public.generation_jobs;

select pgmq.delete('image_generation_queue', msg_id) from sent where prompt = 'deleted';
select is(array[status, error_code], array['cancelled', 'message_removed'], 'pgmq.delete')
from public.generation_jobs where prompt = 'deleted';
select pgmq.archive('image_generation_queue', msg_id) from sent where prompt = 'archived';
select is(array[status, error_code], array['cancelled', 'message_removed'], 'pgmq.archive')
from public.generation_jobs where prompt = 'archived';
select msg_id from pgmq.pop('image_generation_queue');
select is(array[status, error_code], array['cancelled', 'message_removed'], 'pgmq.pop')
from public.generation_jobs where prompt = 'popped';

create temporary table lease as select * from public.claim_generation_jobs('image_generation_queue', 30, 1);
select pgmq.purge_queue('image_generation_queue');
select is(count(*), 5::bigint, 'pgmq.purge_queue takes what is queued and what is running')
from public.generation_jobs where status = 'cancelled' and error_code = 'message_removed';
select is(
  public.complete_generation_job('image_generation_queue', msg_id, lease_token, 'p', 'u', 'image/png', 'm', null, null),
  '{"held": false}', 'a worker that had one of them stores nothing'
) from lease;

select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "done"}');
select public.fail_generation_job('image_generation_queue', msg_id, lease_token, 'no_image', 'x')
from public.claim_generation_jobs('image_generation_queue', 30, 1);
select is(error_code, 'no_image', 'our own archiving is no removal')
from public.generation_jobs where prompt = 'done';
delete from pgmq.a_image_generation_queue where msg_id in (select msg_id from public.generation_jobs);
select is(status, 'failed', 'tidying the archive changes no job')
from public.generation_jobs where prompt = 'done';

select * from finish();
rollback;
