begin;
select plan(13);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('video_generation_queue', jsonb_build_object('storyboardId', 'sb', 'prompt', n))
from unnest(array['succeeded', 'failed', 'waiting', 'running', 'queued']) as n;
create temporary table lease as
select *, message ->> 'prompt' as n from public.claim_generation_jobs('video_generation_queue', 600, 4);
select public.complete_generation_job('video_generation_queue', msg_id, lease_token, 'p', 'u', 'video/mp4', 'm', null, null)
from lease where n = 'succeeded';
select public.fail_generation_job('video_generation_queue', msg_id, lease_token, 'no_video', 'x') from lease where n = 'failed';
select public.record_generation_operation('video_generation_queue', msg_id, lease_token, '{"name": "op"}') from lease where n = 'waiting';
select public.defer_generation_job('video_generation_queue', msg_id, lease_token, 60, false, null, null) from lease where n = 'waiting';

create temporary table answer as
select prompt as n, status as before, public.cancel_generation_job(id) as body from public.generation_jobs;

select ok(bool_and(n = before), 'each job was in the state of its name') from answer;
select is(body, '{"cancelled": true, "status": "cancelled"}', n || ' is cancelled')
from answer where n in ('queued', 'running', 'waiting') order by n;
select is(body, jsonb_build_object('cancelled', false, 'status', n), n || ' stays')
from answer where n in ('succeeded', 'failed') order by n;
select is(count(*), 3::bigint, 'the ledger says so')
from public.generation_jobs where status = 'cancelled' and finished_at is not null and error_code is null;
select is(count(*), 0::bigint, 'the queue is empty') from pgmq.q_video_generation_queue;
select is(count(*), 5::bigint, 'every message is in the archive')
from pgmq.a_video_generation_queue where msg_id in (select msg_id from public.generation_jobs);
select ok(not public.extend_generation_lease('video_generation_queue', msg_id, lease_token, 60),
  'a worker that had it in hand has lost it') from lease where n = 'running';
select is(
  public.complete_generation_job('video_generation_queue', msg_id, lease_token, 'p', 'u', 'video/mp4', 'm', null, null),
  '{"held": false}', 'and stores nothing'
) from lease where n = 'running';
select is(public.cancel_generation_job(id), '{"cancelled": false, "status": "cancelled"}', 'once is enough')
from public.generation_jobs where prompt = 'queued';
select is(public.cancel_generation_job(gen_random_uuid()), '{"cancelled": false, "status": null}', 'an unknown job');

select * from finish();
rollback;
