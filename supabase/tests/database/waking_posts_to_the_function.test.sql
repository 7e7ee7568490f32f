-- What pg_net is asked to send.
begin;
select plan(5);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
select public.install_generation_schedule('https://project.test/', 'sb_secret_test');
update public.generation_worker_settings
set function_name = 'my-videos', timeout_milliseconds = 7000
where queue = 'video_generation_queue';
select pgmq.send('image_generation_queue', '{}');
select pgmq.send('video_generation_queue', '{}');

create temporary table requests as select * from net.http_request_queue order by id desc limit 2;
select is(
  array(select url from requests order by id),
  array['https://project.test/functions/v1/process-image-generation', 'https://project.test/functions/v1/my-videos'],
  'the function of the queue, at the project''s address'
);
select is(array(select timeout_milliseconds from requests order by id), array[5000, 7000], 'with a timeout');
select is(
  array(select distinct headers from requests),
  array['{
    "content-type": "application/json",
    "apikey": "sb_secret_test",
    "authorization": "Bearer sb_secret_test",
    "prefer": "respond-async"
  }'::jsonb],
  'with the key, and asking not to wait for the run'
);
update public.generation_worker_settings set region = 'us-east-1' where queue = 'video_generation_queue';
select generation_private.post_worker_calls(s, 1) from public.generation_worker_settings as s where s.region is not null;
select is(headers ->> 'x-region', 'us-east-1', 'in the region that is set') from net.http_request_queue order by id desc limit 1;
select set_eq(
  'select request_id from generation_private.worker_calls',
  'select id from (select id from net.http_request_queue order by id desc limit 3) as posted',
  'the calls are kept with the numbers that pg_net gave them'
);

select * from finish();
rollback;
