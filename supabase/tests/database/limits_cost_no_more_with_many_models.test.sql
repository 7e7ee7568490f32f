-- A message may name any model. What a claim has to check depends on the worker's models alone.
begin;
select plan(9);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.generation_limits;
delete from public.generation_models;
insert into public.generation_limits (model, jobs_in_flight) values ('first', 100);
insert into public.generation_limits (queue, fair_share) values ('image_generation_queue', 'owner');

create function pg_temp.worker() returns generation_private.workers language sql as $$
  select generation_private.worker_of('image_generation_queue', '{first,second}', 600, 7200)
$$;
create function pg_temp.checked() returns text language sql as $$
  select format('%s %s', (select count(*) from generation_private.lines(pg_temp.worker())),
    (select count(*) from generation_private.candidates(pg_temp.worker(), true, '{}', 5, locked => false)))
$$;
create function pg_temp.send(models text[]) returns void language sql as $$
  select pgmq.send_batch('image_generation_queue',
    array(select jsonb_build_object('prompt', name, 'model', name) from unnest(models) as name))
$$;
create function pg_temp.claim(quantity integer) returns text language sql as $$
  select string_agg(message ->> 'prompt', ' ' order by message ->> 'prompt')
  from public.claim_generation_jobs('image_generation_queue', 30, quantity, '{first,second}')
$$;

select pg_temp.send(array(select 'g' || n from generate_series(1, 5) as n));
select is(pg_temp.checked(), '3 5', 'the lines of the models, and that of no model');
select pg_temp.send(array(select 'g' || n from generate_series(6, 5000) as n));
select is(pg_temp.checked(), '3 5', 'and no more for thousands of models');
select pgmq.send('image_generation_queue', m) from unnest(array[
  '{"prompt": "own", "model": "second"}', '{"prompt": "own"}', '{"prompt": "low", "model": "a", "priority": -1}',
  '{"prompt": "high", "model": "z"}'
]::jsonb[]) as m;
insert into public.generation_models (model, state, rests_until)
select name, 'resting', clock_timestamp() + interval '1 hour' from unnest(array['first', 'g1']) as name;
select is((select count(*) from generation_private.held_up_lines()), 0::bigint, 'no worker has said which models it has');
select is(pg_temp.claim(2), 'g1 own',
  'they take turns with the jobs of the models, and wait neither for limits nor for a model that the worker has not');
select is(
  array(select line from generation_private.fair_share_cursors where queue = 'image_generation_queue' order by 1),
  array['model ', 'model second'], 'as one line with the jobs that name none'
);
select is((select array_agg(distinct requested_model) from generation_private.held_up_lines()), array['', 'first'],
  'only jobs that the worker could take are held up');
delete from public.generation_models;
-- A claim takes no longer than two seconds: on a busy machine it takes several to get to so many.
create function pg_temp.claim_many(quantity integer) returns integer language plpgsql as $$
declare
  claimed integer := 0;
begin
  for turn in 1..quantity loop
    claimed := claimed + count(*) from public.claim_generation_jobs(
      'image_generation_queue', 600, quantity - claimed, '{first,second}'
    );
    exit when claimed = quantity;
  end loop;
  return claimed;
end
$$;
select is(pg_temp.claim_many(100), 100, 'all can be claimed');
select is(cardinality(generation_private.next_messages(pg_temp.worker(), false, 100)), 100, 'however they are named');
select is((select count(distinct message ->> 'model') > 90 from public.generation_jobs where status = 'running'), true,
  'and are with a worker, which fails them');

select * from finish();
rollback;
