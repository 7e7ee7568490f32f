-- Every way in which a job can end is told to the sender who wants to know, once.
begin;
select plan(18);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

create function pg_temp.send(prompt text, more text default '{"webhookUrl": "https://hooks.example.com/x"}') returns void
language sql as $$
  select pgmq.send('image_generation_queue', jsonb_build_object(
    'storyboardId', 'pgtap-sb', 'sceneId', 's', 'prompt', prompt
  ) || more::jsonb)
$$;
create view pg_temp.told as
select j.prompt, w.event ->> 'type' as type, w.event, w.url, w.status, w.ended_at = j.finished_at as is_newest
from public.generation_webhooks as w join public.generation_jobs as j on j.id = w.job_id;

select pg_temp.send(prompt) from unnest(array['succeeds', 'fails', 'is deferred']) as prompt;
create temporary table lease as
select *, message ->> 'prompt' as prompt from public.claim_generation_jobs('image_generation_queue', 600, 3);
select is_empty('select from pg_temp.told', 'what goes on has no webhook');
select public.complete_generation_job(
  'image_generation_queue', msg_id, lease_token, 'p', 'https://x.test/i.png', 'image/png', 'm', '{"tokens": 1}', 0.04
) from lease where prompt = 'succeeds';
select is(type, 'generation.succeeded', 'success') from pg_temp.told where prompt = 'succeeds';
select public.fail_generation_job('image_generation_queue', msg_id, lease_token, 'no_image', 'none came') from lease where prompt = 'fails';
select is(type, 'generation.failed', 'failure') from pg_temp.told where prompt = 'fails';
select public.defer_generation_job('image_generation_queue', msg_id, lease_token, 0, true, 'x', 'y') from lease where prompt = 'is deferred';
select is_empty($$ select from pg_temp.told where prompt = 'is deferred' $$, 'an attempt that is repeated is no end');
select public.cancel_generation_job(job_id) from lease where prompt = 'is deferred';
select is(type, 'generation.cancelled', 'cancellation') from pg_temp.told where prompt = 'is deferred';

select pg_temp.send('is deleted'), pg_temp.send('is archived');
select pgmq.delete('image_generation_queue', msg_id) from public.generation_jobs where prompt = 'is deleted';
select pgmq.archive('image_generation_queue', msg_id) from public.generation_jobs where prompt = 'is archived';
select is(array_agg(type order by prompt), array['generation.cancelled', 'generation.cancelled'], 'a message taken off by hand')
from pg_temp.told where prompt in ('is deleted', 'is archived');
select pg_temp.send('is purged');
select pgmq.purge_queue('image_generation_queue');
select is(type, 'generation.cancelled', 'a queue that is purged') from pg_temp.told where prompt = 'is purged';

-- The body.
select is(event - 'timestamp' #- '{data,id}' #- '{data,enqueued_at}' #- '{data,started_at}' #- '{data,finished_at}', '{
  "type": "generation.succeeded",
  "data": {
    "kind": "image", "status": "succeeded", "storyboard_id": "pgtap-sb", "scene_id": "s", "character_id": null,
    "attempts": 1, "asset_url": "https://x.test/i.png", "content_type": "image/png", "model": "m", "error": null,
    "cost_usd": 0.040000
  }
}'::jsonb #- '{data,owner}' , 'what a sender may know, and no more')
from (select event #- '{data,owner}' #- '{data,idempotency_key}' as event from pg_temp.told where prompt = 'succeeds') as t;
select is(event #> '{data,error}', '{"code": "no_image", "message": "none came"}', 'the error') from pg_temp.told where prompt = 'fails';
select is(event #>> '{data,id}', j.id::text, 'the job''s id')
from pg_temp.told as t join public.generation_jobs as j using (prompt) where prompt = 'fails';
select is((event ->> 'timestamp')::timestamptz, j.finished_at, 'when it ended')
from pg_temp.told as t join public.generation_jobs as j using (prompt) where prompt = 'fails';
select matches(event ->> 'timestamp', '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00$', 'in UTC') from pg_temp.told where prompt = 'fails';

-- Again.
select public.redrive_generation_jobs(error_code => 'no_image');
select public.cancel_generation_job(id) from public.generation_jobs where prompt = 'fails';
select is(
  array_agg(type order by type), array['generation.cancelled', 'generation.failed'], 'a job that is sent again ends again'
) from pg_temp.told where prompt = 'fails';
select is(event #>> '{data,status}', 'failed', 'what was said of the first end stays as it was')
from pg_temp.told where prompt = 'fails' and not is_newest;

-- A sender that asks for no webhook gets none.
select pg_temp.send('nothing', '{}'), pg_temp.send('null', '{"webhookUrl": null}'), pg_temp.send('a number', '{"webhookUrl": 7}');
select public.cancel_generation_job(id) from public.generation_jobs where prompt in ('nothing', 'null', 'a number');
select is_empty($$ select from pg_temp.told where prompt in ('nothing', 'null', 'a number') $$, 'no URL, no webhook');
select is(array(select distinct url from pg_temp.told), array['https://hooks.example.com/x'], 'the URL is that of the message');

update public.generation_jobs set updated_at = clock_timestamp();
update public.generation_jobs set status = status;
select is(count(*), 7::bigint, 'what touches a job that has ended writes no webhook') from pg_temp.told;
select is(count(distinct id), 7::bigint, 'each has an id of its own') from public.generation_webhooks;

select * from finish();
rollback;
