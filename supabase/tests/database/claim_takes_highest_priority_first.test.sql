begin;
select plan(6);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', jsonb_build_object('prompt', n::text) || fields)
from unnest(array[
  '{}', '{"priority": 7}', '{"priority": -3}', '{"priority": 100}', '{"priority": 7}',
  '{"priority": "50"}', '{"priority": 101}', '{"priority": 1.5}', '{"priority": null}', '{"priority": -100}',
  '{"priority": 50.00}', '{"priority": 5e1}', '{"priority": -0.0}'
]::jsonb[]) with ordinality as m(fields, n);

select is(
  array(select priority from public.generation_jobs order by msg_id),
  array[0, 7, -3, 100, 7, 0, 0, 0, 0, -100, 50, 50, 0],
  'the ledger shows the priority; one that is no integer of -100 to 100 counts as 0'
);
select is(
  (select position from (
    select prompt, public.generation_job(id) ->> 'position' as position from public.generation_jobs
  ) as j where prompt = '3'),
  '12', 'the place in the queue respects it'
);
create temporary table claimed as
select * from public.claim_generation_jobs('image_generation_queue', 30, 13) with ordinality;
select is(
  array(select message ->> 'prompt' from claimed order by ordinality),
  array['4', '11', '12', '2', '5', '1', '6', '7', '8', '9', '13', '3', '10'],
  'the highest comes first, of equals the oldest'
);

select pgmq.send('image_generation_queue', '{"prompt": "changed its mind"}');
select pgmq.send('image_generation_queue', '{"prompt": "first"}');
update pgmq.q_image_generation_queue set message = message || '{"priority": 9}'
where message ->> 'prompt' = 'first';
select is(
  array(select message ->> 'prompt' from public.claim_generation_jobs('image_generation_queue', 30, 1)),
  array['first'], 'a message that is corrected in the queue goes by what it says then'
);
select is(priority, 9, 'and so does the ledger') from public.generation_jobs where prompt = 'first';

-- A message has its priority up to the size at which it is one, and senders read it with a bound of their own.
create function pg_temp.priority_of(bytes integer) returns integer language sql as $$
  select generation_private.message_priority(jsonb_build_object('priority', 5, 'prompttext', repeat('p',
    bytes - pg_column_size(jsonb_build_object('priority', 5, 'prompttext', '')))))
$$;
select is(
  array[pg_temp.priority_of(most), pg_temp.priority_of(most + 1)], array[5, 0], 'both bounds of a message are the same'
) from generation_private.most_message_bytes() as most;

select * from finish();
rollback;
