-- Workers are called for what waits, up to the limit, and not twice for the same.
begin;
select plan(15);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from generation_private.worker_calls;
select public.install_generation_schedule('https://project.test', 'key');
update public.generation_worker_settings set most_workers = 4, debounce_seconds = 3;

create function pg_temp.calls(queue text default 'image_generation_queue') returns bigint
language sql as $$ select count(*) from generation_private.worker_calls as c where c.queue = calls.queue $$;
-- Every call belongs to this transaction here, and is its own for as long as it lasts. This makes
-- them calls of earlier ones.
create function pg_temp.as_if_committed(ago interval) returns void language sql as $$
  update generation_private.worker_calls set transaction_id = '3', called_at = clock_timestamp() - ago
$$;
create function pg_temp.send(count integer, queue text default 'image_generation_queue') returns void
language sql as $$ select pgmq.send_batch(queue, array_fill('{}'::jsonb, array[count])) $$;

select pg_temp.send(1);
select is(pg_temp.calls(), 1::bigint, 'a message calls a worker');
select pg_temp.send(4);
select is(pg_temp.calls(), 1::bigint, 'who takes the next four as well');
select pg_temp.send(1);
select is(pg_temp.calls(), 2::bigint, 'the sixth needs another');
select pg_temp.send(1000);
select is(pg_temp.calls(), 4::bigint, 'a thousand more call as many as are allowed');
select is(pg_temp.calls('video_generation_queue'), 0::bigint, 'of their own queue');

select pg_temp.as_if_committed('2 seconds');
update pgmq.q_image_generation_queue set vt = vt - interval '1 minute';
select is(generation_private.call_workers('image_generation_queue'), 0, 'those who were just called are waited for');
select pg_temp.as_if_committed('4 seconds');
select is(generation_private.call_workers('image_generation_queue'), 4, 'calls that came to nothing are made again');
select pg_temp.as_if_committed('-1 hour');
select is(generation_private.call_workers('image_generation_queue'), 4, 'so are those of a clock that was set back');

delete from generation_private.worker_calls;
select count(*) from public.claim_generation_jobs('image_generation_queue', 30, 11);
select is(
  generation_private.call_workers('image_generation_queue'), 1, 'eleven jobs in hand are three of the four workers'
);
delete from generation_private.worker_calls;
select count(*) from public.claim_generation_jobs('image_generation_queue', 30, 9);
select is(generation_private.call_workers('image_generation_queue'), 0, 'twenty are all of them');
update pgmq.q_image_generation_queue set vt = clock_timestamp() where vt > clock_timestamp();
select is(generation_private.call_workers('image_generation_queue'), 4, 'a worker whose leases ran out is no worker');

truncate pgmq.q_image_generation_queue;
delete from generation_private.worker_calls;
select pg_temp.send(1);
select pg_temp.as_if_committed('1 second');
select count(*) from public.claim_generation_jobs('image_generation_queue', 30, 5);
select pg_temp.send(1);
select is(pg_temp.calls(), 2::bigint, 'what comes after the called one has begun gets a worker of its own');

select pg_temp.send(3, 'video_generation_queue');
select is(pg_temp.calls('video_generation_queue'), 3::bigint, 'a video needs a worker to itself');
update generation_private.worker_calls set called_at = called_at - interval '1 hour';
update pgmq.q_video_generation_queue set vt = vt - interval '2 hours';
update generation_private.worker_calls set called_at = now() where queue = 'video_generation_queue';
select is(
  generation_private.call_workers('video_generation_queue'), 0,
  'calls of the same transaction are still to be sent, however long it lasts'
);

truncate pgmq.q_image_generation_queue;
delete from generation_private.worker_calls;
update public.generation_worker_settings set most_workers = 0;
select pg_temp.send(1);
select is(pg_temp.calls(), 0::bigint, 'no workers, no calls');

select * from finish();
rollback;
