-- Whatever is wrong with the webhook, the job ends; and what could not be written down is found later.
begin;
select plan(14);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
update public.generation_webhook_settings set hosts = array['hooks.example.com'];
select vault.create_secret('whsec_' || encode(sha256(random()::text::bytea), 'base64'), 'webhook_secret');
create function pg_temp.end_one(name text) returns text language plpgsql as $$
declare
  job_id uuid;
begin
  perform pgmq.send('image_generation_queue', jsonb_build_object('prompt', name, 'webhookUrl', 'https://hooks.example.com/'));
  select id into job_id from public.generation_jobs where prompt = name;
  perform public.cancel_generation_job(job_id);
  return (select status from public.generation_jobs where id = job_id);
end
$$;

savepoint healthy;
create or replace function net.http_post(
  url text, body jsonb default '{}', params jsonb default '{}', headers jsonb default '{}',
  timeout_milliseconds integer default 1000
) returns bigint language plpgsql as $$ begin raise exception 'out of order'; end $$;
select is(pg_temp.end_one('net'), 'cancelled', 'pg_net is out of order');
select is(status || ' ' || attempts || ' ' || error, 'waiting 1 out of order', 'which counts as an attempt') from public.generation_webhooks;
rollback to healthy;

drop view vault.decrypted_secrets;
create view vault.decrypted_secrets as select name, (1 / 0)::text as decrypted_secret from vault.secrets;
select is(pg_temp.end_one('vault'), 'cancelled', 'Vault is out of order');
select is_empty('select from public.generation_webhooks', 'nothing could be written down');
select throws_ok('select * from public.deliver_generation_webhooks()', '22012', null, 'the delivery reports it');
rollback to healthy;

alter table public.generation_webhooks rename to elsewhere;
select is(pg_temp.end_one('table'), 'cancelled', 'a table is missing');
alter table public.elsewhere rename to generation_webhooks;
select is(sent, 1, 'what was not written down is found') from public.deliver_generation_webhooks();
select is(event ->> 'type', 'generation.cancelled', 'as it would have been') from public.generation_webhooks;
select is(sent, 0, 'once') from public.deliver_generation_webhooks();
rollback to healthy;

drop table public.generation_webhook_settings;
select is(pg_temp.end_one('settings'), 'cancelled', 'the settings are missing');
rollback to healthy;

delete from public.generation_webhook_settings;
select is(pg_temp.end_one('row'), 'cancelled', 'their row is missing');
select is(missing -> 0 ->> 'missing', 'a host that webhooks may go to', 'that is as if none were named') from public.deliver_generation_webhooks();
rollback to healthy;

-- Long ago is too late to be told of.
alter table public.generation_jobs disable trigger generation_job_ended;
select pg_temp.end_one('young'), pg_temp.end_one('old');
update public.generation_jobs set finished_at = finished_at - interval '2 hours' where prompt = 'old';
alter table public.generation_jobs enable trigger generation_job_ended;
select public.deliver_generation_webhooks();
select is(array_agg(j.prompt), array['young'], 'what ended in the last hour is looked through')
from public.generation_webhooks as w join public.generation_jobs as j on j.id = w.job_id;

-- One that cannot be sent does not keep back the others.
create or replace function net.http_post(
  url text, body jsonb default '{}', params jsonb default '{}', headers jsonb default '{}',
  timeout_milliseconds integer default 1000
) returns bigint language plpgsql as $$
begin
  if http_post.url like '%bad%' then raise exception 'bad URL'; end if;
  return 4711;
end $$;
update public.generation_webhooks set url = 'https://hooks.example.com/bad', status = 'waiting', next_attempt_at = now() - interval '1 hour';
select pg_temp.end_one('good');
update public.generation_webhooks set status = 'waiting', next_attempt_at = now() where status = 'sent';
select public.deliver_generation_webhooks();
select is(array_agg(status order by status), array['sent', 'waiting'], 'the others are sent') from public.generation_webhooks;

select * from finish();
rollback;
