-- An operator may have a webhook sent again; and it goes with its job.
begin;
select plan(10);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
update public.generation_webhook_settings set hosts = array['hooks.example.com'];
select vault.create_secret('whsec_' || encode(sha256(random()::text::bytea), 'base64'), 'webhook_secret');
select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p", "webhookUrl": "https://hooks.example.com/"}');
select public.cancel_generation_job(id) from public.generation_jobs;
create function pg_temp.again() returns boolean language sql as $$
  select public.redeliver_generation_webhook(id) from public.generation_webhooks
$$;

select is(pg_temp.again(), false, 'not while the answer to the last attempt is to come');
update public.generation_webhooks set status = 'failed', attempts = 10, error = 'x', response_status = 500;
select is(pg_temp.again(), true, 'one that has failed');
select is(status || ' ' || attempts || coalesce(error, ''), 'sent 1', 'is sent at once, with all its attempts') from public.generation_webhooks;
select is(count(distinct headers ->> 'webhook-id'), 1::bigint, 'under its id')
from net.http_request_queue where headers ->> 'webhook-id' = (select id::text from public.generation_webhooks);
update public.generation_webhooks set status = 'delivered';
select is(pg_temp.again(), true, 'one that was delivered');
update public.generation_webhooks set status = 'failed';
delete from vault.secrets where name = 'webhook_secret';
select is(pg_temp.again(), true, 'without a secret');
select is(status, 'waiting', 'it waits') from public.generation_webhooks;
select is(public.redeliver_generation_webhook(gen_random_uuid()), false, 'one that there is not');
select throws_ok(
  'select public.redeliver_generation_webhook(null)', '22023', 'webhook_id: expected the id of a webhook, got null', 'or none'
);

update public.generation_jobs set finished_at = finished_at - interval '8 days';
select public.prune_generation_jobs('7 days');
select is_empty('select from public.generation_webhooks', 'what is pruned takes its webhooks along');

select * from finish();
rollback;
