-- What a request has probably cost whose reply was lost is in the ledger, beside what the asset cost in the end.
begin;
select plan(12);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p", "imageSize": "4K"}') from generate_series(1, 2);

create temporary table lease as select * from public.claim_generation_jobs('image_generation_queue', 30, 1);
select ok(
  public.defer_generation_job('image_generation_queue', msg_id, lease_token, 0, true, 'reply_lost', 'none', spent_usd => 0.1),
  'deferred after a reply was lost'
) from lease;
select is(array[cost_usd, (history #>> '{0,spent_usd}')::numeric], array[0.1, 0.1]::numeric[], 'its cost is kept and told')
from public.generation_jobs where attempts = 1;
select is((select count(*) from public.generation_costs), 0::bigint, 'and counts when the job has ended');

truncate lease;
insert into lease select * from public.claim_generation_jobs('image_generation_queue', 30, 1);
select is(
  public.complete_generation_job('image_generation_queue', msg_id, lease_token, 'p', 'u', 'image/png', 'banana', null, 0.25,
    generation_seconds => 42.5) ->> 'held', 'true', 'the next attempt succeeds'
) from lease;
select is(array[cost_usd, generation_seconds::numeric], array[0.35, 42.5], 'both have cost')
from public.generation_jobs where status = 'succeeded';

truncate lease;
insert into lease select * from public.claim_generation_jobs('image_generation_queue', 30, 1);
select ok(
  public.fail_generation_job('image_generation_queue', msg_id, lease_token, 'reply_lost', 'none', spent_usd => 0.1),
  'another job fails after a lost reply'
) from lease;
select is(sum(cost_usd), 0.45, 'costs count what brought no asset') from public.generation_costs;

select is(array_agg(format('%s %s %s', model, image_size, seconds)), array['banana 4K 42.5'],
  'how slow a model was in the last hour, by size') from public.slowest_generations('image_generation_queue');
insert into public.generation_jobs (queue, msg_id, message, status, model, generation_seconds, enqueued_at, finished_at)
select queue, -n, message, status, model, 10, enqueued_at, finished_at
from public.generation_jobs, generate_series(1, 19) as n where status = 'succeeded';
select is(array_agg(seconds::numeric), array[10]::numeric[], 'one outlier in twenty says nothing about the next image')
from public.slowest_generations('image_generation_queue');
update public.generation_jobs set finished_at = now() - interval '61 minutes' where finished_at is not null;
select is_empty($$select * from public.slowest_generations('image_generation_queue')$$, 'what was an hour ago counts no more');

-- What was recorded was checked alone; a sum is not, and may not keep the job from being cancelled.
select pgmq.send('video_generation_queue', '{"storyboardId": "sb", "prompt": "dear"}');
update public.generation_jobs set cost_usd = 999999, operation = '{"cancelled_usd": 1}' where prompt = 'dear';
select is(public.cancel_generation_job(id), '{"cancelled": true, "status": "cancelled"}', 'costs never keep a job from its end')
from public.generation_jobs where prompt = 'dear';
select is(cost_usd, 999999.999999, 'their sum stays at the greatest there is') from public.generation_jobs where prompt = 'dear';

select * from finish();
rollback;
