-- Old jobs go together with their archived messages; nothing else does.
begin;
select plan(13);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue, pgmq.a_image_generation_queue, pgmq.a_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('video_generation_queue', jsonb_build_object('storyboardId', 'pgtap-sb', 'prompt', n))
from unnest(array['succeeded', 'failed', 'waiting', 'cancelled', 'young', 'running', 'queued']) as n;
create temporary table lease as
select *, message ->> 'prompt' as n from public.claim_generation_jobs('video_generation_queue', 600, 6);
select public.complete_generation_job('video_generation_queue', msg_id, lease_token, 'p', 'u', 'video/mp4', 'm', null, null)
from lease where n in ('succeeded', 'young');
select public.fail_generation_job('video_generation_queue', msg_id, lease_token, 'no_video', 'x') from lease where n = 'failed';
select public.record_generation_operation('video_generation_queue', msg_id, lease_token, '{"name": "op"}') from lease where n = 'waiting';
select public.defer_generation_job('video_generation_queue', msg_id, lease_token, 0, false, null, null) from lease where n = 'waiting';
select public.cancel_generation_job(job_id) from lease where n = 'cancelled';
select pgmq.send('image_generation_queue', '{"storyboardId": "pgtap-sb", "prompt": "image"}');
select public.cancel_generation_job(id) from public.generation_jobs where kind = 'image';
update public.generation_jobs
set enqueued_at = enqueued_at, updated_at = updated_at - interval '8 days', started_at = started_at - interval '8 days',
  finished_at = finished_at - interval '8 days'
where prompt <> 'young';

create temporary table answer as select * from public.prune_generation_jobs('7 days');
select is(jobs, 3::bigint, 'what succeeded or was cancelled is removed, of both kinds') from answer;
select is(messages, 3::bigint, 'each with its message') from answer;
select ok(not more, 'there is no more') from answer;
select is(array_agg(prompt order by prompt), array['failed', 'queued', 'running', 'waiting', 'young'],
  'what failed, what is young and what goes on stays') from public.generation_jobs;
select is(count(*), 2::bigint, 'with its message, archived') from pgmq.a_video_generation_queue;
select is(count(*), 3::bigint, 'or on the queue') from pgmq.q_video_generation_queue;
select is(count(*), 0::bigint, 'the other archive is empty') from pgmq.a_image_generation_queue;

select is(jobs, 1::bigint, 'what failed goes when it is asked for')
from public.prune_generation_jobs('7 days', include_failed => true);
select is_empty($$ select from public.generation_jobs where prompt = 'failed' $$, 'then it is gone');
select is_empty($$ select * from public.redrive_generation_jobs(queue_name => 'video_generation_queue') $$, 'and cannot be sent again');

-- Messages that the ledger knows nothing of, and those that it does.
insert into pgmq.a_video_generation_queue (msg_id, enqueued_at, vt, archived_at, message)
select 1000000 + days, now(), now(), now() - make_interval(days => days), '{}' from unnest(array[6, 8]) as days;
update pgmq.a_video_generation_queue set archived_at = archived_at - interval '8 days' where msg_id < 1000000;
select is(array[jobs, messages], array[0, 1]::bigint[], 'old messages of no job go by themselves')
from public.prune_generation_jobs('7 days');
select is(array_agg(msg_id > 1000000 order by msg_id), array[false, true], 'the others stay') from pgmq.a_video_generation_queue;
select is(array[jobs, messages], array[0, 0]::bigint[], 'the second time there is nothing left')
from public.prune_generation_jobs('7 days');

select * from finish();
rollback;
