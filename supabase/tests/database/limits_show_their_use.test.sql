begin;
select plan(4);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.generation_limits;

insert into public.generation_limits (model, requests_per_minute, jobs_in_flight) values
  ('banana', 3, null), ('veo', 10, 2), ('idle', 1, null);
insert into public.generation_limits (queue, fair_share) values ('image_generation_queue', 'storyboard');
select pgmq.send(queue, '{"storyboardId": "sb", "prompt": "p"}')
from unnest(array['image_generation_queue', 'image_generation_queue', 'video_generation_queue', 'video_generation_queue']) as queue;
create temporary table lease as
select * from public.claim_generation_jobs('image_generation_queue', 30, 2, array['banana']);
create temporary table video as
select * from public.claim_generation_jobs('video_generation_queue', 600, 2, array['models/veo']);
select public.begin_generation_submission('video_generation_queue', msg_id, lease_token, 'models/veo') from video order by msg_id limit 1;
select public.record_generation_operation('video_generation_queue', msg_id, lease_token, '{"name": "op"}') from video order by msg_id limit 1;

select is(
  array_agg(format('%s %s of %s, %s of %s', model, begun_last_minute, requests_per_minute, in_flight_now, jobs_in_flight) order by model),
  array['banana 2 of 3, 2 of ', 'idle 0 of 1, 0 of ', 'veo 2 of 10, 2 of 2'], 'each model has its figures'
) from public.generation_limits_in_use;

update pgmq.q_video_generation_queue set vt = clock_timestamp() - interval '1 s';
select is(in_flight_now, 1::bigint, 'a worker that died leaves nothing in flight but what it submitted')
from public.generation_limits_in_use where model = 'veo';
select is(places, 1, 'which is what the claim counts') from generation_private.free_places('video_generation_queue')
where model = 'veo';
update generation_private.requests set granted_at = clock_timestamp() - interval '61 s';
select is(begun_last_minute, 0::bigint, 'a minute later a request is not counted')
from public.generation_limits_in_use where model = 'banana';

select * from finish();
rollback;
