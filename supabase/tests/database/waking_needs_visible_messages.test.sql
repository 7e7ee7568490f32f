-- No worker is called when there is nothing to do, or no schedule.
begin;
select plan(6);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from generation_private.worker_calls;
select public.remove_generation_schedule();

select pgmq.send('image_generation_queue', '{}');
select is(count(*), 0::bigint, 'without a schedule a message calls no worker') from generation_private.worker_calls;
select is(generation_private.call_workers('image_generation_queue'), 0, 'nor does a look');
truncate pgmq.q_image_generation_queue;

select public.install_generation_schedule('https://project.test', 'key');
select is(generation_private.call_workers('image_generation_queue'), 0, 'an empty queue calls no worker');
select pgmq.send('image_generation_queue', '{}', 60);
select is(count(*), 0::bigint, 'a delayed message calls no worker') from generation_private.worker_calls;
select is(generation_private.call_workers('image_generation_queue'), 0, 'while it is hidden');
update pgmq.q_image_generation_queue set vt = clock_timestamp();
select is(generation_private.call_workers('image_generation_queue'), 1, 'when its time has come, the next look calls');

select * from finish();
rollback;
