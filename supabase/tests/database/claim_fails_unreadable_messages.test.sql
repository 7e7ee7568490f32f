-- A message that would spoil the whole answer of a claim ends by itself, and its neighbours go on.
begin;
select plan(14);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

-- A claim ends when two seconds have gone into messages that fail: on a busy machine there is another one.
create function pg_temp.claim_all() returns setof jsonb language plpgsql as $$
begin
  for turn in 1..100 loop
    return query select message from public.claim_generation_jobs('image_generation_queue', 600, 100);
    exit when not exists (select from pgmq.q_image_generation_queue where vt <= clock_timestamp());
  end loop;
end
$$;

create temporary table hostile (n serial, message jsonb, reason text);
insert into hostile (message, reason)
select jsonb_build_object('storyboardId', h.name, 'prompt', 'p', 'priority', 100, 'owner', 'ann') || h.more, h.reason
from (values
  ('deep', jsonb_build_object('x', (repeat('[', 4000) || repeat(']', 4000))::jsonb),
    'message: expected at most 100 levels of nesting'),
  ('101 levels', jsonb_build_object('x', (repeat('[', 100) || '1' || repeat(']', 100))::jsonb),
    'message: expected at most 100 levels of nesting'),
  ('digits', jsonb_build_object('x', (select jsonb_agg(1e131071) from generate_series(1, 900))),
    'message: expected numbers of at most 1.7e308'),
  ('many digits', jsonb_build_object('x', (select jsonb_agg(1e131071) from generate_series(1, 9000))),
    'message: expected numbers of at most 1.7e308'),
  ('number', '{"a": [{"seed": -1e400}]}', 'message: expected numbers of at most 1.7e308'),
  ('decimals', jsonb_build_object('x', (select jsonb_agg(1e-16000) from generate_series(1, 900))),
    'message: expected at most 262144 bytes of JSON, not 14403683'),
  ('many', jsonb_build_object('x', (select jsonb_agg(n) from generate_series(1, 130000) as n)),
    'message: expected at most 262144 bytes of JSON'),
  ('one too many', jsonb_build_object('x', (select jsonb_agg(true) from generate_series(1, 995))),
    'message: expected at most 1000 values'),
  ('long', jsonb_build_object('sourceImageUrl', 'data:' || repeat('x', 300000)),
    'message: expected at most 262144 bytes of JSON, not 300099'),
  ('endless', jsonb_build_object('x', repeat('x', 30000000)), 'message: expected at most 262144 bytes of JSON'),
  ('prompt', jsonb_build_object('prompt', repeat('p', 300000)), 'prompt: expected at most 32768 bytes, not 300000')
) as h (name, more, reason);
create temporary table readable (n serial, message jsonb);
insert into readable (message)
select '{"storyboardId": "good", "prompt": "p"}' || more
from unnest(array[
  '{"seed": 1e300}', '{"seed": 1e-16000}',
  jsonb_build_object('x', (repeat('[', 99) || '1' || repeat(']', 99))::jsonb),
  jsonb_build_object('x', (select jsonb_agg(true) from generate_series(1, 996))),
  jsonb_build_object('x', repeat('x', 262144 - 48))
]::jsonb[]) as more;

select pgmq.send('image_generation_queue', message) from hostile order by n;
select is((select octet_length(message::text) from readable order by n desc limit 1), 262144, 'the longest that is read');
select pgmq.send('image_generation_queue', message) from readable order by n;
select is(
  (select array_agg(storyboard_id order by msg_id) from public.generation_pending_jobs where owner = 'ann'),
  (select array_agg(message ->> 'storyboardId' order by n) from hostile where n not in (7, 10)),
  'what is sent is in the ledger, with its ids unless it is too large to be asked'
);
select lives_ok('select * from pgmq.image_generation_queue', 'the view of the queue shows what can be shown');

select set_eq(
  'select pg_temp.claim_all()', 'select message from readable', 'the readable ones are claimed'
);
select is(
  array(select error_message from public.generation_jobs where status = 'failed' order by msg_id),
  array(select reason from hostile order by n), 'the others say what is wrong with them'
);
select ok(bool_and(error_code = 'invalid_message' and attempts = 1), 'as messages that are no job')
from public.generation_jobs where status = 'failed';
select set_eq(
  'select message from pgmq.a_image_generation_queue', 'select message from hostile', 'they are archived as they were sent'
);
select is(count(*), 5::bigint, 'and off the queue') from pgmq.q_image_generation_queue;
select is(max(octet_length(message::text)), 262144, 'the ledger holds none that is longer') from public.generation_jobs;

select throws_ok(
  format('select public.enqueue_generation_job(''image_generation_queue'', %L)', message), '22023', reason,
  'enqueue_generation_job refuses it'
) from hostile where n = 2;
select is(count(*), 11::bigint, 'they are redriven as they are')
from public.redrive_generation_jobs(error_code => 'invalid_message');
select is_empty(
  'select pg_temp.claim_all()', 'and fail again'
);
select is(count(*), 11::bigint, 'each of them') from public.generation_jobs where status = 'failed';
select lives_ok(
  $$ select public.generation_job(id) from public.generation_jobs; select * from public.generation_failures $$,
  'and all that shows jobs shows them'
);

select * from finish();
rollback;
