-- A job that waits for quota for days keeps the last 50 events.
begin;
select plan(2);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}');
do $$
begin
  for n in 1..60 loop
    perform public.defer_generation_job(
      'image_generation_queue', msg_id, lease_token, 0, false, 'quota_exhausted', 'wait ' || n
    ) from public.claim_generation_jobs('image_generation_queue', 30, 1);
  end loop;
end
$$;
select is(jsonb_array_length(history), 50, 'no more than 50 events') from public.generation_jobs;
select is(history #>> '{-1,error_message}', 'wait 60', 'the last ones') from public.generation_jobs;

select * from finish();
rollback;
