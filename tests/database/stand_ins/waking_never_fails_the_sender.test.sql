-- Whatever is wrong with the call, the message is sent.
begin;
select plan(8);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from generation_private.worker_calls;
select public.install_generation_schedule('https://project.test', 'key');

create or replace function net.http_post(
  url text, body jsonb default '{}', params jsonb default '{}', headers jsonb default '{}',
  timeout_milliseconds integer default 1000
) returns bigint language plpgsql as $$ begin raise exception 'out of order'; end $$;
select lives_ok($$ select pgmq.send('image_generation_queue', '{}') $$, 'pg_net is out of order');
select throws_ok(
  $$ select generation_private.call_workers('image_generation_queue') $$, 'out of order', 'which the schedule reports'
);

delete from vault.secrets where name = 'worker_key';
select lives_ok($$ select pgmq.send('image_generation_queue', '{}') $$, 'the key is missing');
select throws_ok(
  $$ select generation_private.call_workers('image_generation_queue') $$, '55000',
  'the database cannot call the workers: the secret worker_key is missing', 'which the schedule reports'
);

drop table generation_private.worker_calls;
select lives_ok($$ select pgmq.send('image_generation_queue', '{}') $$, 'a table is missing');
drop table public.generation_worker_settings cascade;
select lives_ok($$ select pgmq.send('image_generation_queue', '{}') $$, 'the settings are missing');
select lives_ok(
  $$ select generation_private.wake('image_generation_queue'), generation_private.wake('no queue'), generation_private.wake(null) $$,
  'waking never raises'
);
select is(count(*), 4::bigint, 'every message is there') from public.generation_jobs where status = 'queued';

select * from finish();
rollback;
