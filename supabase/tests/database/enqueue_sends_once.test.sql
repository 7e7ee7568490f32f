begin;
select plan(14);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

create function pg_temp.send(key text, fields jsonb default '{"storyboardId": "sb", "prompt": "p"}', queue text default 'image_generation_queue')
returns text language sql as $$
  select job_id || ' ' || msg_id
  from public.enqueue_generation_job(queue, fields, idempotency_key => key)
$$;

create temporary table sent as select pg_temp.send('key-1') as first;
select is(pg_temp.send('key-1'), first, 'the same key answers the same job') from sent;
select is(pg_temp.send('key-1', '{ "prompt" :  "p", "storyboardId": "sb" }'), first, 'for the same JSON, however it is written') from sent;
select is(count(*), 1::bigint, 'there is one message') from pgmq.q_image_generation_queue;
select is(idempotency_key, 'key-1', 'the ledger keeps the key') from public.generation_jobs;
select throws_ok($$ select pg_temp.send('key-1', '{"storyboardId": "sb", "prompt": "another"}') $$, '23505',
  'idempotency_key: ''key-1'' was used before, for another message', 'another message is refused');
select isnt(pg_temp.send('key-2'), first, 'another key is another job') from sent;
select isnt(pg_temp.send('key-1', queue => 'video_generation_queue'), first, 'and so is another queue') from sent;
select isnt(pg_temp.send('key-1', '{"storyboardId": "sb", "prompt": "p", "owner": "b"}'), first, 'or another owner') from sent;
select isnt(pg_temp.send(null), pg_temp.send(null), 'without a key every call sends');

select public.fail_generation_job('image_generation_queue', msg_id, lease_token, 'no_image', 'x')
from public.claim_generation_jobs('image_generation_queue', 30, 1);
select is(pg_temp.send('key-1'), first, 'a job that has ended is still the one') from sent;
delete from public.generation_jobs where idempotency_key = 'key-1' and owner is null;
select isnt(pg_temp.send('key-1'), first, 'until its row is removed') from sent;

select throws_ok($$ select pg_temp.send('') $$, '22023',
  'idempotency_key: expected 1 to 255 characters, not 0', 'an empty key is none');
select throws_ok($$ select pg_temp.send(repeat('k', 256)) $$, '22023',
  'idempotency_key: expected 1 to 255 characters, not 256', 'nor is an endless one');
select lives_ok($$ select pg_temp.send(repeat('k', 255)) $$, 'one of 255 characters is fine');

select * from finish();
rollback;
