-- With limits messages are found by the ledger; what is wrong about it is met all the same.
begin;
select plan(8);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.generation_limits;
insert into public.generation_limits (queue, fair_share) values ('image_generation_queue', 'storyboard');

select pgmq.send('image_generation_queue', jsonb_build_object('prompt', n::text)) from generate_series(1, 3) as n;
update public.generation_jobs set status = 'cancelled', finished_at = clock_timestamp() where prompt = '1';
alter table pgmq.q_image_generation_queue disable trigger user;
select pgmq.send('image_generation_queue', '{"prompt": "unseen"}');
select pgmq.send('image_generation_queue', jsonb_build_object('prompt', repeat('p', 300000)));
alter table pgmq.q_image_generation_queue enable trigger user;

select is(
  array(select message ->> 'prompt' from public.claim_generation_jobs('image_generation_queue', 30, 5)),
  array['2', '3', 'unseen'], 'live jobs are claimed, and messages that the trigger has missed'
);
select is(array(select status from public.generation_jobs where prompt = 'unseen'), array['running'],
  'which have their rows now');
select is(count(*), 3::bigint, 'nothing else is on the queue') from pgmq.q_image_generation_queue;
select is(count(*), 2::bigint, 'what was settled is archived, and what no worker can read')
from pgmq.a_image_generation_queue where message ->> 'prompt' <> '2';
select is(array(select error_code from public.generation_jobs where status = 'failed'), array['invalid_message'],
  'the latter has failed');
select is_empty($$ select public.claim_generation_jobs('image_generation_queue', 30, 5) $$, 'then there is nothing left');

-- By hand, a message may have any id.
alter table pgmq.q_image_generation_queue disable trigger user;
insert into pgmq.q_image_generation_queue (msg_id, vt, message) overriding system value
values (9223372036854775807, clock_timestamp(), '{"prompt": "last"}'),
  (-9223372036854775808, 'infinity', '{"prompt": "first"}');
alter table pgmq.q_image_generation_queue enable trigger user;
select lives_ok($$ select public.claim_generation_jobs('image_generation_queue', 30, 5) $$, 'ids may be any');
truncate pgmq.q_image_generation_queue;

-- Orphaned messages that take long.
create function pg_temp.slowly() returns trigger language plpgsql as $$
begin perform pg_sleep(0.3); return new; end
$$;
alter table pgmq.q_image_generation_queue disable trigger user;
select pgmq.send('image_generation_queue', '{"prompt": "slow"}') from generate_series(1, 12);
alter table pgmq.q_image_generation_queue enable trigger user;
create trigger slow before insert on public.generation_jobs for each row execute function pg_temp.slowly();
select ok(count(*) between 1 and 8, 'a claim adopts some of them, not all')
from public.claim_generation_jobs('image_generation_queue', 30, 12);

select * from finish();
rollback;
