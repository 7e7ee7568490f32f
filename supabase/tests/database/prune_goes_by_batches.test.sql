-- The first time there may be a million: each call takes the oldest ones.
begin;
select plan(5);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue, pgmq.a_image_generation_queue, pgmq.a_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', jsonb_build_object('prompt', n::text)) from generate_series(1, 4) as n;
select pgmq.send('video_generation_queue', '{"prompt": "5"}');
select public.cancel_generation_job(id) from public.generation_jobs;
update public.generation_jobs set finished_at = finished_at - make_interval(days => 10 - prompt::integer);
update pgmq.a_image_generation_queue set archived_at = archived_at - interval '10 days';
insert into pgmq.a_image_generation_queue (msg_id, enqueued_at, vt, archived_at, message)
values (1000000, now(), now(), now() - interval '10 days', '{}');

select results_eq($$ select * from public.prune_generation_jobs('1 day', quantity => 3) $$,
  'values (3::bigint, 3::bigint, true)', 'three, and there are more');
select set_eq('select prompt from public.generation_jobs', array['4', '5'], 'the oldest ones');
select results_eq($$ select * from public.prune_generation_jobs('1 day', quantity => 2) $$,
  'values (1::bigint, 2::bigint, true)', 'one more, and a message of no job');
select results_eq($$ select * from public.prune_generation_jobs('1 day', quantity => 2) $$,
  'values (1::bigint, 1::bigint, false)', 'the last one is a video');
select results_eq($$ select * from public.prune_generation_jobs('1 day') $$,
  'values (0::bigint, 0::bigint, false)', 'then there is nothing left');

select * from finish();
rollback;
