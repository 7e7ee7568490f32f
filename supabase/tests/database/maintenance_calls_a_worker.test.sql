-- What no message stands for calls a worker too: operations of cancelled jobs, and copies left undone.
begin;
select plan(29);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from generation_private.worker_calls;
select public.remove_generation_schedule();

create function pg_temp.look(queue text default 'video_generation_queue') returns integer
language sql as $$ select generation_private.call_workers(queue) $$;
create function pg_temp.calls(queue text default 'video_generation_queue') returns bigint
language sql as $$ select count(*) from generation_private.worker_calls as c where c.queue = calls.queue $$;
-- Every call belongs to this transaction here, and is its own for as long as it lasts. This makes
-- them calls of earlier ones.
create function pg_temp.as_if_committed(ago interval) returns void language sql as $$
  update generation_private.worker_calls set transaction_id = '3', called_at = clock_timestamp() - ago
$$;
create function pg_temp.passes(a_while interval) returns void language sql as $$
  update public.generation_jobs set updated_at = updated_at - a_while;
  update public.generation_publications set due_at = due_at - a_while
$$;
create function pg_temp.handed_out() returns bigint language sql as $$
  select count(*) from public.cancelled_generation_operations('video_generation_queue', 100)
$$;
create function pg_temp.cancel(count integer) returns void language sql as $$
  select public.cancel_generation_job(id) from public.generation_jobs
  where status in ('running', 'waiting') and operation is not null order by msg_id limit count
$$;
-- Videos that are being made: nothing of them is visible.
create function pg_temp.make(count integer, status text) returns void language sql as $$
  select pgmq.send_batch('video_generation_queue', array_fill('{}'::jsonb, array[count]));
  select public.record_generation_operation('video_generation_queue', c.msg_id, c.lease_token, '{"name": "op"}')
  from public.claim_generation_jobs('video_generation_queue', 600, count) as c;
  select public.defer_generation_job('video_generation_queue', j.msg_id, j.lease_token, 60, false, null, null)
  from public.generation_jobs as j where make.status = 'waiting' and j.status = 'running' and j.operation is not null;
  delete from generation_private.worker_calls;
$$;

select pg_temp.make(1, 'waiting');
select pg_temp.cancel(1);
select is(pg_temp.calls(), 0::bigint, 'without a schedule a cancellation calls no worker');
select is(pg_temp.handed_out(), 1::bigint, 'it waits for the next worker');

select public.install_generation_schedule('https://project.test', 'key');
update public.generation_worker_settings set most_workers = 4, debounce_seconds = 3;
select is(pg_temp.look(), 0, 'what has been handed out calls no worker');

select pg_temp.make(6, 'waiting');
select pg_temp.cancel(1);
select is(pg_temp.calls(), 1::bigint, 'a cancelled operation calls a worker at once, though the queue is empty');
select is(pg_temp.calls('image_generation_queue'), 0::bigint, 'of its own queue');
select pg_temp.cancel(2);
select is(pg_temp.calls(), 1::bigint, 'who is told of two more when it asks');
select pg_temp.as_if_committed('2 seconds');
select pg_temp.passes('10 seconds');
select is(pg_temp.look(), 0, 'and is waited for');
select pg_temp.as_if_committed('4 seconds');
select is(pg_temp.look(), 1, 'a call that came to nothing is made again, however many operations there are');
select is(pg_temp.handed_out(), 3::bigint, 'that worker gets them all');
select pg_temp.as_if_committed('1 second');
select is(pg_temp.look(), 0, 'then there is nothing to call for');
select pg_temp.cancel(1);
select is(pg_temp.calls(), 3::bigint, 'a worker that was called before a cancellation may have asked already');
select is(pg_temp.handed_out(), 1::bigint, 'the next one is handed out');
select pg_temp.passes('280 seconds');
delete from generation_private.worker_calls;
select is(pg_temp.look(), 0, 'no worker is called while the first may be telling the provider');
select pg_temp.passes('30 seconds');
select is(pg_temp.look(), 1, 'what it has not confirmed after five minutes calls another');
select is(pg_temp.handed_out(), 5::bigint, 'who gets all of them');
select is(generation_private.maintenance_since('video_generation_queue'), null, 'and leaves nothing');

select pgmq.send('video_generation_queue', '{}');
delete from generation_private.worker_calls;
select pg_temp.cancel(1);
select is(pg_temp.calls(), 1::bigint, 'a worker that is called for a message does the maintenance as well');
truncate pgmq.q_video_generation_queue;
select pg_temp.handed_out();

select pg_temp.make(4, 'running');
select pg_temp.cancel(1);
select is(pg_temp.calls(), 1::bigint, 'the busy ones ask when they end, so one more is called');
delete from generation_private.worker_calls;
update public.generation_worker_settings set most_workers = 3;
select is(pg_temp.look(), 0, 'within the limit');
update public.generation_worker_settings set most_workers = 0;
select is(pg_temp.look(), 0, 'no workers, no calls');
update public.generation_worker_settings set most_workers = 4;

delete from vault.secrets where name = 'worker_key';
select lives_ok('select pg_temp.cancel(1)', 'a worker that cannot be called does not keep a job from being cancelled');
select throws_ok('select pg_temp.look()', '55000', 'the database cannot call the workers: the secret worker_key is missing',
  'which the schedule reports');
select vault.create_secret('key', 'worker_key');
select pg_temp.handed_out();

select pgmq.send('image_generation_queue', '{"storyboardId": "pgtap-sb", "sceneId": "s"}');
select public.complete_generation_job(
  'image_generation_queue', msg_id, lease_token, 's.png', 'u', 'image/png', 'm', null, null
) from public.claim_generation_jobs('image_generation_queue', 30, 1);
delete from generation_private.worker_calls;
select is(pg_temp.look('image_generation_queue'), 0, 'no worker is called for a copy that its own worker may be making');
select pg_temp.passes('601 seconds');
select is(pg_temp.look('image_generation_queue'), 1, 'one that was left undone calls a worker');
select is(pg_temp.look('image_generation_queue'), 0, 'once');
select is(count(*), 1::bigint, 'who finds it')
from public.unpublished_generation_jobs('image_generation_queue', 20);
delete from generation_private.worker_calls;
select is(pg_temp.look('image_generation_queue'), 0, 'and is not called again');

update public.generation_jobs set operation = '{"name": "op"}', cancellation_pending = true
where queue = 'image_generation_queue';
select is(pg_temp.look('image_generation_queue'), 1, 'a cancelled image in the background calls a worker, too');
select is(count(*), 1::bigint, 'who is told of its operation')
from public.cancelled_generation_operations('image_generation_queue', 100);

select * from finish();
rollback;
