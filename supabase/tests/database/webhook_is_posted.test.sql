-- What pg_net is asked to send, and when.
begin;
select plan(11);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
select public.remove_generation_schedule(); -- webhooks alone are to be sent
update public.generation_webhook_settings set hosts = array['hooks.example.com'];
select vault.create_secret('whsec_' || encode(sha256(random()::text::bytea), 'base64'), 'webhook_secret');
update public.generation_webhook_settings set timeout_milliseconds = 3000;
create function pg_temp.end_one() returns void language sql as $$
  select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "ä", "webhookUrl": "https://hooks.example.com/x?y=z"}');
  select public.cancel_generation_job(id) from public.generation_jobs where status = 'queued';
$$;

create temporary table before as select coalesce(max(id), 0) as id from net.http_request_queue;
savepoint before;
select pg_temp.end_one();
select is(count(*), 1::bigint, 'one request, when the job ends')
from net.http_request_queue where id > (select id from before);
rollback to before;
select is_empty('select from net.http_request_queue where id > (select id from before)', 'what is rolled back is not sent');
select is_empty('select from public.generation_webhooks', 'and is not written down');

select pg_temp.end_one();
create temporary table request as
select r.*, w.id as webhook_id, w.event
from net.http_request_queue as r join public.generation_webhooks as w on w.request_id = r.id;
select is(method || ' ' || url, 'POST https://hooks.example.com/x?y=z', 'to the URL of the message') from request;
select is(timeout_milliseconds, 3000, 'with a timeout') from request;
select is(convert_from(body, 'UTF8')::jsonb, event, 'the event is the body') from request;
select is(
  array(select key from request, jsonb_object_keys(headers) as key order by key collate "C"),
  array['content-type', 'webhook-id', 'webhook-signature', 'webhook-timestamp'],
  'the headers of Standard Webhooks, and no key of the project'
);
select is(headers ->> 'webhook-id', webhook_id::text, 'the id is that of the row') from request;
select ok(
  abs((headers ->> 'webhook-timestamp')::bigint - extract(epoch from clock_timestamp())) < 60, 'the time is that of the attempt'
) from request;
select is(
  headers ->> 'webhook-signature',
  generation_private.webhook_signatures(
    webhook_id::text, (headers ->> 'webhook-timestamp')::bigint, convert_from(body, 'UTF8'),
    generation_private.webhook_keys((select decrypted_secret from vault.decrypted_secrets where name = 'webhook_secret'))
  ),
  'the signature is of this id, this time and this very text'
) from request;
select is(status || ' ' || attempts, 'sent 1', 'that is the first attempt') from public.generation_webhooks;

select * from finish();
rollback;
