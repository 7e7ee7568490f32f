-- While a limit holds the jobs back, as many workers are called as can get something.
begin;
select plan(15);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.generation_limits;
delete from public.generation_models;
delete from generation_private.requests;
-- How many workers are called, when none that was called before is on its way.
create function pg_temp.called() returns integer language sql as $$
  delete from generation_private.worker_calls;
  select generation_private.call_workers('image_generation_queue')
$$;
create function pg_temp.claim(quantity integer) returns bigint language sql as $$
  select count(*) from public.claim_generation_jobs('image_generation_queue', 30, quantity, '{first,second}')
$$;
select public.install_generation_schedule('https://project.test', 'key');
update public.generation_worker_settings set most_workers = 4, jobs_per_worker = 5, debounce_seconds = 3;

select pgmq.send_batch('image_generation_queue', array_fill('{"prompt": "p"}'::jsonb, array[40]));
insert into public.generation_limits (model, requests_per_minute) values ('first', 7);
select is(pg_temp.called(), 4, 'while no worker has said which models it has, all that are allowed');
select pg_temp.claim(0);
select is(pg_temp.called(), 2, 'seven requests are for two workers');
select is(pg_temp.claim(5), 5::bigint, 'the first takes five');
select is(pg_temp.called(), 1, 'two are for one more');
select is(pg_temp.claim(5), 2::bigint, 'who takes them');
select is(pg_temp.called(), 0, 'then none is called');
select pgmq.send('image_generation_queue', '{"prompt": "p", "model": "second"}');
select is(pg_temp.called(), 1, 'but for a model without a limit');
select pg_temp.claim(5);
update generation_private.requests set granted_at = granted_at - interval '1 minute';
select is(pg_temp.called(), 2, 'a minute later there are two workers to be called again');
update public.generation_limits set requests_per_minute = null, jobs_in_flight = 8;
select is(pg_temp.called(), 1, 'seven of eight are in flight: one place');
update public.generation_limits set jobs_in_flight = 7;
select is(pg_temp.called(), 0, 'no place');
update pgmq.q_image_generation_queue set vt = vt - interval '1 hour' where vt <= clock_timestamp();
create function pg_temp.unclaimed() returns boolean language sql as $$
  select unclaimed_seconds > 3000 from public.generation_schedule() where queue = 'image_generation_queue'
$$;
select is(pg_temp.unclaimed(), null, 'what waits for that is not taken for lost');

with ended as (
  update public.generation_jobs set status = 'succeeded', finished_at = clock_timestamp()
  where id = (select id from public.generation_jobs where status = 'running' and leased_model = 'second')
  returning id, queue
)
insert into public.generation_publications (job_id, queue, choice, due_at) select id, queue, 0, clock_timestamp() from ended;
select is(pg_temp.called(), 1, 'maintenance has its worker while nothing can be claimed');
delete from public.generation_publications;

alter table pgmq.q_image_generation_queue disable trigger generation_message_inserted;
delete from pgmq.q_image_generation_queue where vt <= clock_timestamp() and msg_id > (select min(msg_id) + 9 from pgmq.q_image_generation_queue);
select pgmq.send('image_generation_queue', '{"prompt": "orphan"}');
select is(pg_temp.called(), 1, 'a message of which the ledger does not know may be one that can be claimed');

delete from public.generation_limits;
select is(pg_temp.called(), 1, 'without limits what is visible counts');
select is(pg_temp.unclaimed(), true, 'and is missed');

select * from finish();
rollback;
