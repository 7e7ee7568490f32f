-- Pending, in flight, waiting longest: a reader sees every message and takes none.
begin;
select plan(16);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select is_empty('select * from public.generation_pending_jobs', 'empty queues: nothing pends');
select is_empty('select * from public.generation_oldest_waiting', 'nothing waits');

select pgmq.send('image_generation_queue', jsonb_build_object(
  'storyboardId', 'sb', 'sceneId', 's' || n, 'characterId', 'c', 'prompt', repeat(n::text, 70), 'priority', n
)) from generate_series(1, 3) as n;
select pgmq.send('video_generation_queue', '{"storyboardId": "sb", "prompt": "v"}');
update pgmq.q_image_generation_queue set vt = clock_timestamp() - interval '42 s' where message ->> 'sceneId' = 's2';
create temporary table lease as
select *, message ->> 'sceneId' as n from public.claim_generation_jobs('image_generation_queue', 30, 1);
create temporary table video as select * from public.claim_generation_jobs('video_generation_queue', 600, 1);
select public.begin_generation_submission('video_generation_queue', msg_id, lease_token, 'veo') from video;
select public.record_generation_operation('video_generation_queue', msg_id, lease_token, '{"name": "models/veo/operations/1"}')
from video;
select public.defer_generation_job('video_generation_queue', msg_id, lease_token, 10, false, 'operation_running', 'it goes on')
from video;
create temporary table before as
select to_jsonb(q) as message from pgmq.q_image_generation_queue as q
union all select to_jsonb(q) from pgmq.q_video_generation_queue as q;

select is(
  array_agg(format('%s %s %s %s %s', kind, scene_id, priority, status, attempts) order by kind, scene_id),
  array['image s1 1 queued 0', 'image s2 2 queued 0', 'image s3 3 running 1', 'video  0 waiting 0'],
  'every message is there with its job'
) from public.generation_pending_jobs;
select is(
  array[prompt, storyboard_id, character_id], array[repeat('1', 60), 'sb', 'c'], 'of the prompt the beginning'
) from public.generation_pending_jobs where scene_id = 's1';
select is(
  (select (p.job_id, p.msg_id, p.enqueued_at, p.read_ct)::text from public.generation_pending_jobs as p where p.scene_id = 's3'),
  (select (l.job_id, l.msg_id, l.enqueued_at, l.lease_token)::text from lease as l),
  'with what identifies message and job'
);

select is(
  array_agg(format('%s %s %s %s', kind, status, model, operation_name) order by kind),
  array['image running  ', 'video waiting veo models/veo/operations/1'],
  'what a worker holds and what the provider makes is in flight'
) from public.generation_jobs_in_flight;
select ok(
  bool_and(visible_at > now() and started_at is not null and (submitted_at is not null) = (kind = 'video')),
  'with the times'
) from public.generation_jobs_in_flight;

select is(
  array_agg(format('%s %s %s', queue, storyboard_id, job.scene_id)), array['image_generation_queue sb s2'],
  'of the image queue the one that waits longest; of the video queue none can be taken'
) from public.generation_oldest_waiting join public.generation_jobs as job using (queue, msg_id, storyboard_id);
select ok(waiting_seconds between 41 and 60 and visible_since = now() - make_interval(secs => waiting_seconds), 'and how long')
from public.generation_oldest_waiting;

delete from public.generation_jobs where scene_id = 's1';
select is(
  array[coalesce(job_id::text, 'none'), status, attempts::text], array['none', 'queued', '0'],
  'a message without its row in the ledger is there, too'
) from public.generation_pending_jobs where scene_id = 's1';
select set_eq(
  'select to_jsonb(q) from pgmq.q_image_generation_queue as q union all select to_jsonb(q) from pgmq.q_video_generation_queue as q',
  'select message from before', 'looking changes nothing'
);

update pgmq.q_image_generation_queue set vt = clock_timestamp() - interval '1 s' where message ->> 'sceneId' = 's3';
select ok(visible_at < now() + interval '1 s' and status = 'running', 'whose worker has died is seen by its time')
from public.generation_jobs_in_flight where scene_id = 's3';

-- Of a queue that was dropped and created again the ledger holds jobs with the numbers of other messages.
update public.generation_jobs set enqueued_at = enqueued_at - interval '1 day' where scene_id in ('s2', 's3');
select is(
  array_agg(format('%s %s', scene_id, coalesce(job_id::text, 'none')) order by scene_id), array['s2 none', 's3 none'],
  'a message is not taken for an older one of its number'
) from public.generation_pending_jobs where scene_id in ('s2', 's3');
select is(visible_at, null, 'nor is the time of a newer one shown for an older job')
from public.generation_jobs_in_flight where scene_id = 's3';
select is(job_id, null, 'nor is its job the one that waits longest')
from public.generation_oldest_waiting where queue = 'image_generation_queue';
select throws_ok('delete from public.generation_pending_jobs', '55000', null, 'the views are for reading only');

select * from finish();
rollback;
