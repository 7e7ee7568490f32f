begin;
select plan(3);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
create temporary table lease as select * from public.claim_generation_jobs('image_generation_queue', 30, 1);

select is(public.extend_generation_lease('image_generation_queue', msg_id, lease_token, 600), true, 'held')
from lease;
select ok(vt > clock_timestamp() + interval '590 s', 'the message stays hidden for the new time')
from pgmq.q_image_generation_queue;
select is(
  public.extend_generation_lease('image_generation_queue', msg_id + 1000, lease_token, 600), false,
  'a message that is not there is not held'
) from lease;

select * from finish();
rollback;
