begin;
select plan(10);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', jsonb_build_object('storyboardId', 'sb', 'prompt', n::text))
from generate_series(1, 4) as n;
select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "later"}', 600);

create temporary table first_claim as
select * from public.claim_generation_jobs('image_generation_queue', 30, 2);

select is(
  (select array_agg(message ->> 'prompt' order by msg_id) from first_claim),
  array['1', '2'],
  'the oldest messages are taken, as many as were asked for'
);
select ok(bool_and(lease_token = 1 and attempts = 1 and not retried), 'it is the first attempt')
from first_claim;
select ok(bool_and(operation is null and not submission_pending), 'nothing was submitted for them')
from first_claim;
select ok(
  bool_and(q.vt between clock_timestamp() + interval '20 s' and clock_timestamp() + interval '30 s'),
  'they are hidden for the seconds of the lease'
) from pgmq.q_image_generation_queue as q where q.msg_id in (select msg_id from first_claim);
select ok(
  bool_and(job.status = 'running' and job.started_at is not null and job.lease_token = 1),
  'the ledger says that they run'
) from public.generation_jobs as job where job.id in (select job_id from first_claim);

select is(
  (select array_agg(message ->> 'prompt' order by msg_id)
   from public.claim_generation_jobs('image_generation_queue', 30, 10)),
  array['3', '4'],
  'what is leased or delayed is not taken'
);
select is(count(*), 0::bigint, 'then there is nothing left')
from public.claim_generation_jobs('image_generation_queue', 30, 10);

update pgmq.q_image_generation_queue set vt = clock_timestamp()
where msg_id = (select min(msg_id) from first_claim);
create temporary table second_claim as
select * from public.claim_generation_jobs('image_generation_queue', 30, 10);
select is((select job_id from second_claim), (select job_id from first_claim order by msg_id limit 1),
  'a message whose lease ran out is taken again, as the same job');
select ok(lease_token = 2 and attempts = 1 and deaths = 1 and retried, 'with a new lease, and a death behind it')
from second_claim;

select is(count(*), 0::bigint, 'a quantity of 0 takes nothing')
from public.claim_generation_jobs('image_generation_queue', 30, 0);

select * from finish();
rollback;
