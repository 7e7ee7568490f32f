-- What another attempt would not repair.
begin;
select plan(13);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
select public.remove_generation_schedule(); -- webhooks alone are to be sent
update public.generation_webhook_settings set hosts = array['hooks.example.com'];
select vault.create_secret('whsec_' || encode(sha256(random()::text::bytea), 'base64'), 'webhook_secret');

create function pg_temp.told(status integer, headers jsonb) returns text language plpgsql as $$
begin
  delete from public.generation_webhooks;
  delete from public.generation_jobs;
  truncate pgmq.q_image_generation_queue;
  perform pgmq.send('image_generation_queue', '{"prompt": "p", "webhookUrl": "https://hooks.example.com/"}');
  perform public.cancel_generation_job(id) from public.generation_jobs;
  insert into net._http_response (id, status_code, headers) select request_id, told.status, told.headers from public.generation_webhooks;
  perform public.deliver_generation_webhooks();
  return (select concat_ws(' ', w.status, w.attempts, w.response_status, w.error) from public.generation_webhooks as w);
end
$$;
select is(pg_temp.told(200, '{}'), 'delivered 1 200', '200 is an answer');
select is(pg_temp.told(299, null), 'delivered 1 299', 'so is 299');
select is(pg_temp.told(410, '{}'), 'failed 1 410 the receiver wants no more of this (410)', '410 ends it');
select is(left(pg_temp.told(404, '{}'), 7), 'waiting', '404 does not');
select set_eq(
  $$ select status || ': ' || pg_temp.told(status, '{"Location": "/events/7"}') from generate_series(200, 299) as status $$,
  $$ select format('%1$s: delivered 1 %1$s', status) from generate_series(200, 299) as status $$,
  'a location beside any 2xx changes nothing'
);
select is(
  pg_temp.told(302, '{"location": "/login"}'), 'failed 1 302 the receiver redirects, to /login', 'a redirect is not repeated'
);
select is(
  pg_temp.told(404, '{"Location": "http://10.0.0.1/"}'),
  'failed 1 404 the receiver redirects, to http://10.0.0.1/', 'nor one that pg_net followed to nothing'
);

-- A URL that is refused.
create temporary table before as select coalesce(max(id), 0) as id from net.http_request_queue;
select pgmq.send('video_generation_queue', jsonb_build_object('prompt', 'p', 'webhookUrl', url))
from unnest(array['https://169.254.169.254/', 'https://other.example.com/', 'mailto:a@b.test', '']) as url;
select set_eq(
  $$ select (public.cancel_generation_job(id) ->> 'cancelled')::boolean from public.generation_jobs where kind = 'video' $$,
  array[true], 'the job ends all the same'
);
select results_eq(
  $$ select status || ' ' || attempts, error from public.generation_webhooks where job_id in (select id from public.generation_jobs where kind = 'video') order by url $$,
  $$ values
    ('failed 0', 'the URL does not begin with https://'),
    ('failed 0', 'the URL has an address where a name is expected'),
    ('failed 0', 'the URL has a host that is none of generation_webhook_settings.hosts'),
    ('failed 0', 'the URL does not begin with https://') $$,
  'the reason is there to be read'
);
select is_empty('select from net.http_request_queue where id > (select id from before)', 'and nothing was sent');
select is(sent, 0, 'nor is it later') from public.deliver_generation_webhooks();

-- A host that is taken off the list is not even sent what waits.
select pgmq.send('video_generation_queue', '{"prompt": "late", "webhookUrl": "https://hooks.example.com/"}');
select public.cancel_generation_job(id) from public.generation_jobs where prompt = 'late';
update public.generation_webhooks set status = 'waiting', next_attempt_at = now() where status = 'sent';
update public.generation_webhook_settings set hosts = array['other.example.com'];
select public.deliver_generation_webhooks();
select is(max(id) - (select id from before), 1::bigint, 'the list counts at every attempt') from net.http_request_queue;
select is(w.error, 'the URL has a host that is none of generation_webhook_settings.hosts', 'not only at the first')
from public.generation_webhooks as w join public.generation_jobs as j on j.id = w.job_id where j.prompt = 'late';

select * from finish();
rollback;
