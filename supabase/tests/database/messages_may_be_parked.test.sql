-- A sender may name any time at which a message becomes visible, infinite ones too, and change it.
begin;
select plan(5);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

insert into pgmq.q_image_generation_queue (vt, message)
values ('-infinity', '{"storyboardId": "sb", "prompt": "visible for ever"}');
select ok(
  (select waiting_seconds between 0 and 60 from public.generation_oldest_waiting),
  'a message waits since it was sent, however long it was visible'
);
select ok(
  (select oldest_visible_seconds between 0 and 60 from public.generation_metrics()
   where queue = 'image_generation_queue'),
  'and so say the metrics'
);
truncate pgmq.q_image_generation_queue;
delete from public.generation_jobs;

insert into pgmq.q_image_generation_queue (vt, message)
values ('infinity', '{"storyboardId": "sb", "prompt": "parked"}');
select is(count(*), 0::bigint, 'a message that is hidden for ever is not taken')
from public.claim_generation_jobs('image_generation_queue', 30, 10);
update pgmq.q_image_generation_queue set vt = clock_timestamp();
select ok(age_seconds between 0 and 60, 'one that was made visible is taken as any other')
from public.claim_generation_jobs('image_generation_queue', 30, 10);
select ok(
  (select isfinite(pending_since) from public.generation_jobs where status = 'running'),
  'and waits since then'
);

select * from finish();
rollback;
