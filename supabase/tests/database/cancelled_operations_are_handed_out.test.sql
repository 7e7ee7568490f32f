-- A cancelled video goes on at the provider until a worker cancels it there.
begin;
select plan(18);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('video_generation_queue', jsonb_build_object('prompt', n))
from unnest(array['running', 'waiting', 'removed', 'unsubmitted', 'kept']) as n;
create temporary table lease as
select *, message ->> 'prompt' as n from public.claim_generation_jobs('video_generation_queue', 600, 5);
select public.record_generation_operation('video_generation_queue', msg_id, lease_token,
  jsonb_build_object('name', n) || case n when 'waiting' then '{}' else '{"cancelled_usd": 0.8}'::jsonb end)
from lease where n <> 'unsubmitted';
select public.defer_generation_job('video_generation_queue', msg_id, lease_token, 60, false, null, null)
from lease where n = 'waiting';
create function pg_temp.due(told uuid[] default '{}') returns text language sql as $$
  select string_agg(operation ->> 'name', ' ' order by operation ->> 'name')
  from public.cancelled_generation_operations('video_generation_queue', 10, told)
$$;
create function pg_temp.a_while_passes() returns void language sql as $$
  update public.generation_jobs set updated_at = updated_at - interval '301 s'
$$;

select is(pg_temp.due(), null, 'nothing was cancelled yet');
create table generation_private.woken (queue text);
create or replace function generation_private.wake(queue_name text) returns void language sql as $$
  insert into generation_private.woken values (queue_name)
$$;
select public.cancel_generation_job(job_id) from lease where n in ('running', 'waiting', 'unsubmitted');
select pgmq.delete('video_generation_queue', msg_id) from lease where n = 'removed';
select is(array(select queue from generation_private.woken), array_fill('video_generation_queue'::text, array[3]),
  'a worker is woken for each operation');
select is(array_agg(status), array_fill('cancelled'::text, array[4]), 'at once the ledger says that they are cancelled')
from public.generation_jobs where prompt <> 'kept';
select is(array_agg(cost_usd order by prompt), array[null, 0.8, 0.8, null, null]::numeric[],
  'what cannot be stopped is paid for') from public.generation_jobs;
select is(count(*), 0::bigint, 'the other queue has none')
from public.cancelled_generation_operations('image_generation_queue', 10);
select is(pg_temp.due(), 'removed running waiting', 'a worker gets their operations, however the jobs were cancelled');
select is(pg_temp.due(), null, 'and no other one does');
select is(pg_temp.due(array(select job_id from lease where n = 'running')), null, 'until it should have told the provider');
select pg_temp.a_while_passes();
select is(pg_temp.due(), 'removed waiting', 'then those that it has not named are handed out again');
select pg_temp.a_while_passes();
select is(pg_temp.due(array(select job_id from lease where n in ('removed', 'kept'))), 'waiting', 'and once more');
select pg_temp.a_while_passes();
select is(pg_temp.due(), null, 'but not for ever');
select is(array_agg(cancellation_tries order by prompt), array[0, 2, 1, 0, 3], 'the ledger counts')
from public.generation_jobs;

-- The provider answers a submission after its job was cancelled.
select pgmq.send('video_generation_queue', '{"prompt": "on its way"}');
create temporary table late as select * from public.claim_generation_jobs('video_generation_queue', 600, 1);
select public.begin_generation_submission('video_generation_queue', msg_id, lease_token, 'omni') from late;
select public.cancel_generation_job(job_id) from late;
truncate generation_private.woken;
select is(public.record_generation_operation('video_generation_queue', msg_id, lease_token + 1, '{"name": "other"}'), false,
  'another lease has nothing to say') from late;
select is(public.record_generation_operation('video_generation_queue', msg_id, lease_token,
  '{"name": "late", "cancelled_usd": 0.4}'), false, 'the lease is void') from late;
select is(cost_usd, 0.4, 'what it costs is known') from public.generation_jobs where prompt = 'on its way';
select is(array(select queue from generation_private.woken), array['video_generation_queue'], 'but a worker is woken');
select is(pg_temp.due(), 'late', 'and gets the operation');

select throws_ok($$ select public.cancelled_generation_operations('video_generation_queue', 101) $$,
  '22023', 'quantity: expected 0 to 100 jobs, got 101', 'a hundred are enough');

select * from finish();
rollback;
