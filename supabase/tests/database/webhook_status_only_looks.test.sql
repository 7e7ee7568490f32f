-- How webhooks stand is told without sending one.
begin;
select plan(9);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from vault.secrets where name = 'webhook_secret';
create function pg_temp.status() returns jsonb language sql as $$
  select to_jsonb(s) - 'missing' - 'last_failure' from public.generation_webhook_status() as s
$$;

select is(pg_temp.status(), '{"in_use": false, "waiting": 0, "retrying": 0, "failed": 0}', 'nothing is asked for, nothing in use');
select is(s.missing, d.missing, 'it names what a delivery lacks')
from public.generation_webhook_status() as s, public.deliver_generation_webhooks() as d;

update public.generation_webhook_settings set hosts = array['hooks.example.com'];
select is(pg_temp.status() -> 'in_use', 'true', 'a host is allowed');
select vault.create_secret('whsec_' || encode(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), 'base64'), 'webhook_secret');

select pgmq.send('image_generation_queue', jsonb_build_object(
  'prompt', n, 'webhookUrl', 'https://hooks.example.com/' || n
)) from generate_series(1, 5) as n;
select public.cancel_generation_job(id) from public.generation_jobs;
update public.generation_webhooks set status = 'waiting', next_attempt_at = now() - interval '1 second';
update public.generation_webhooks
set attempts = 3, error = 'no answer came', updated_at = now() - interval '1 hour'
where url like '%/1';
update public.generation_webhooks
set status = 'failed', next_attempt_at = null, response_status = 410, updated_at = now() - interval '2 hours'
where url like '%/2';
update public.generation_webhooks
set status = 'failed', next_attempt_at = null, updated_at = now() - interval '2 days'
where url like '%/3';
update public.generation_webhooks set status = 'delivered', next_attempt_at = null where url like '%/4';
create temporary table before as select * from public.generation_webhooks;
create temporary table requests as select count(*) from net.http_request_queue;

select is(pg_temp.status(), '{"in_use": true, "waiting": 2, "retrying": 1, "failed": 1}', 'each is counted where it belongs');
select is(missing, '[]', 'nothing is missing') from public.generation_webhook_status();
select is(
  last_failure - 'at', '{"url": "https://hooks.example.com/1", "error": "no answer came", "response_status": null}',
  'the newest trouble is shown'
) from public.generation_webhook_status();
update public.generation_webhooks set attempts = 2 where url like '%/1';
select is(last_failure ->> 'response_status', '410', 'or the newest that was given up') from public.generation_webhook_status();
update public.generation_webhooks set attempts = 3 where url like '%/1';
select set_eq('select * from public.generation_webhooks', 'select * from before', 'nothing was changed');
select results_eq('select count(*) from net.http_request_queue', 'select count from requests', 'and nothing sent');

select * from finish();
rollback;
