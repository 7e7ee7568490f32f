-- Sending webhooks, by pg_net: it makes the request after the transaction is committed, and puts the reply into a table of
-- its own, where the next delivery finds it. So nothing here waits for a receiver.

create or replace function generation_private.replies_are_readable()
returns boolean
language plpgsql stable
as $$
begin
  return to_regclass('net._http_response') is not null
    and has_schema_privilege('net', 'usage')
    and has_table_privilege('net._http_response', 'select');
end
$$;

-- What is missing before a webhook can be sent, and the statement that supplies it. No row: nothing.
create or replace function generation_private.webhook_requirements()
returns table (missing text, remedy text)
language plpgsql stable
as $$
declare
  secret constant text := generation_private.vault_secret('webhook_secret');
  new_secret constant text := '''whsec_'' || encode(uuid_send(gen_random_uuid()) || '
    'uuid_send(gen_random_uuid()), ''base64'')';
begin
  if to_regprocedure('net.http_post(text, jsonb, jsonb, jsonb, integer)') is null then
    return query select 'the extension pg_net', 'create extension pg_net;';
  elsif not generation_private.replies_are_readable() then
    return query select 'the right to read the answers that pg_net got', format(
      'grant usage on schema net to %1$I; grant select on net._http_response to %1$I;', current_user
    );
  end if;
  if to_regclass('vault.decrypted_secrets') is null then
    return query select 'the extension supabase_vault', 'create extension supabase_vault;';
  end if;
  if generation_private.webhook_keys(secret) is null then
    return query select
      case
        when coalesce(secret, '') = '' then 'the secret webhook_secret'
        else 'a secret webhook_secret that is whsec_ and 24 to 64 bytes in Base64'
      end,
      format(
        case
          when secret is null then 'select vault.create_secret(%s, ''webhook_secret'');'
          else 'select vault.update_secret(id, %s) from vault.secrets where name = ''webhook_secret'';'
        end,
        new_secret
      );
  end if;
  if not exists (
    select from public.generation_webhook_settings as s where s.hosts <> '{}' or s.local_receivers
  ) then
    return query select 'a host that webhooks may go to',
      'update generation_webhook_settings set hosts = array[''hooks.example.com''];';
  end if;
end
$$;

-- How long to wait after so many attempts; null: the webhook is given up. Six attempts are in the first hour, for a
-- receiver that restarts; the others are hours apart, for trouble that is noticed in the morning. The tenth is the
-- last, some 22 hours after the first. The jitter is a fifth: receivers that were down together do not hear of
-- everything at the same moment.
create or replace function generation_private.webhook_delay(attempts integer)
returns interval
language plpgsql
as $$
begin
  if attempts >= 10 then
    return null;
  end if;
  return make_interval(secs => least(21600, 10 * 4 ^ (attempts - 1)) * (0.8 + 0.4 * random()));
end
$$;

-- There will be another attempt, unless it was the last, or another would be of no use (final).
create or replace function generation_private.webhook_attempt_failed(
  webhook public.generation_webhooks,
  status_code integer,
  reason text,
  final boolean
)
returns void
language plpgsql
as $$
declare
  delay constant interval := case
    when not final then generation_private.webhook_delay(webhook.attempts)
  end;
begin
  update public.generation_webhooks as w
  set status = case when delay is null then 'failed' else 'waiting' end,
      next_attempt_at = clock_timestamp() + delay,
      response_status = status_code,
      error = left(reason, 500),
      updated_at = clock_timestamp()
  where w.id = webhook.id;
end
$$;

-- Hands a signed webhook to pg_net; the caller holds its row. One whose URL is refused has failed.
create or replace function generation_private.send_webhook(webhook public.generation_webhooks)
returns void
language plpgsql
as $$
declare
  refusal constant text := generation_private.webhook_refusal(webhook.url);
  moment constant timestamptz := clock_timestamp();
  seconds constant bigint := floor(extract(epoch from moment));
  request bigint;
begin
  if refusal is not null then
    perform generation_private.webhook_attempt_failed(webhook, null, 'the URL ' || refusal, true);
    return;
  end if;

  webhook.attempts := webhook.attempts + 1;
  update public.generation_webhooks as w set attempts = webhook.attempts where w.id = webhook.id;
  begin
    request := net.http_post(
      url := webhook.url,
      body := webhook.event,
      params := '{}',
      headers := jsonb_build_object(
        'content-type', 'application/json',
        'webhook-id', webhook.id,
        'webhook-timestamp', seconds::text,
        'webhook-signature', generation_private.webhook_signatures(
          webhook.id::text,
          seconds,
          webhook.event::text, -- the very text that pg_net sends
          generation_private.webhook_keys(generation_private.vault_secret('webhook_secret'))
        )
      ),
      timeout_milliseconds := (
        select s.timeout_milliseconds from public.generation_webhook_settings as s
      )
    );
  exception when others then -- one that cannot be sent must not keep back the others
    perform generation_private.webhook_attempt_failed(webhook, null, sqlerrm, false);
    return;
  end;
  update public.generation_webhooks as w
  set status = 'sent',
      next_attempt_at = null,
      sent_at = moment,
      request_id = request,
      response_status = null,
      error = null,
      updated_at = moment
  where w.id = webhook.id;
end
$$;

-- What a webhook becomes by the reply to it. pg_net follows redirects, and shows the headers of the first reply and the
-- status of the last. So a location beside 2xx may be part of the receiver's answer (201, 202) or of a redirect that
-- ended well: both are a delivery. Beside any other status it is a redirect that led nowhere.
create or replace function generation_private.take_reply(
  webhook public.generation_webhooks,
  status_code integer,
  location text,
  trouble text
)
returns void
language plpgsql
as $$
begin
  if status_code between 200 and 299 then
    update public.generation_webhooks as w
    set status = 'delivered', response_status = status_code, updated_at = clock_timestamp()
    where w.id = webhook.id;
  elsif location is not null then
    perform generation_private.webhook_attempt_failed(
      webhook, status_code, 'the receiver redirects, to ' || location, true
    );
  elsif status_code = 410 then
    perform generation_private.webhook_attempt_failed(
      webhook, status_code, 'the receiver wants no more of this (410)', true
    );
  else
    perform generation_private.webhook_attempt_failed(
      webhook,
      status_code,
      coalesce(trouble, 'the receiver answered ' || status_code, 'no answer came'),
      false
    );
  end if;
end
$$;

-- Writes the webhooks that a job's own transaction could not write.
create or replace function generation_private.write_missing_webhooks(quantity integer)
returns void
language plpgsql
as $$
begin
  perform generation_private.write_webhook(missed)
  from (
    select j.*
    from public.generation_jobs as j
    where j.finished_at > clock_timestamp() - interval '1 hour'
      and jsonb_typeof(j.message -> 'webhookUrl') = 'string'
      and not exists (
        select from public.generation_webhooks as w
        where w.job_id = j.id and w.ended_at = j.finished_at
      )
    order by j.finished_at
    limit quantity
    for key share of j skip locked
  ) as missed;
end
$$;

-- Reads the replies to the webhooks that were sent; returns how many had one, or have waited for one in vain. pg_net
-- forgets what it had in hand when the server breaks down, and may count from 1 again: so the time has to be right,
-- too. Its clock is that of a transaction, which may have begun a little earlier.
create or replace function generation_private.take_replies(quantity integer)
returns integer
language plpgsql
as $$
declare
  patience constant interval := interval '5 minutes';
  called_at constant timestamptz := clock_timestamp();
  answered integer := 0;
  webhook public.generation_webhooks;
  reply record;
begin
  for webhook in
    select *
    from public.generation_webhooks as w
    where w.status = 'sent'
    order by w.sent_at
    limit quantity
    for update skip locked
  loop
    select r.status_code, coalesce(r.error_msg, case when r.timed_out then 'no answer in time' end) as trouble, (
        select field.value from jsonb_each_text(r.headers) as field
        where lower(field.key) = 'location'
        limit 1
      ) as location
    into reply
    from net._http_response as r
    where r.id = webhook.request_id and r.created > webhook.sent_at - interval '1 minute'
    limit 1;
    if found or webhook.sent_at < called_at - patience then
      perform generation_private.take_reply(webhook, reply.status_code, reply.location, reply.trouble);
      answered := answered + 1;
    end if;
  end loop;
  return answered;
end
$$;

create or replace function generation_private.send_due_webhooks(quantity integer)
returns integer
language plpgsql
as $$
declare
  called_at constant timestamptz := clock_timestamp();
  sent integer := 0;
  webhook public.generation_webhooks;
begin
  for webhook in
    select *
    from public.generation_webhooks as w
    where w.status = 'waiting' and w.next_attempt_at <= called_at
    order by w.next_attempt_at
    limit quantity
    for update skip locked
  loop
    perform generation_private.send_webhook(webhook);
    sent := sent + 1;
  end loop;
  return sent;
end
$$;

-- Two calls at a time share the work. 200 are as many as pg_net takes at once.
create or replace function public.deliver_generation_webhooks()
returns table (answered integer, sent integer, missing jsonb)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  answered := 0;
  sent := 0;
  select coalesce(jsonb_agg(to_jsonb(gap)), '[]') into missing
  from generation_private.webhook_requirements() as gap;

  perform generation_private.write_missing_webhooks(200);
  if missing = '[]' then
    answered := generation_private.take_replies(200);
    sent := generation_private.send_due_webhooks(200);
  end if;
  return next;
end
$$;
comment on function public.deliver_generation_webhooks is
  'Reads the answers to the webhooks that were sent, and sends what is due, at most 200 of each. Returns how many, and '
  'what is missing, each with the remedy: while something is, everything waits.';
select generation_private.grant_to_service_role('execute', 'function public.deliver_generation_webhooks');

create or replace function public.redeliver_generation_webhook(webhook_id uuid)
returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  webhook public.generation_webhooks;
begin
  perform generation_private.check_given('webhook_id', webhook_id::text, 'the id of a webhook');
  update public.generation_webhooks as w
  set status = 'waiting',
      attempts = 0,
      next_attempt_at = clock_timestamp(),
      response_status = null,
      error = null,
      updated_at = clock_timestamp()
  where w.id = webhook_id and w.status <> 'sent'
  returning w.* into webhook;
  if not found then
    return false;
  end if;
  if not exists (select from generation_private.webhook_requirements()) then
    perform generation_private.send_webhook(webhook);
  end if;
  return true;
end
$$;
comment on function public.redeliver_generation_webhook is
  'Sends a webhook once more, with the same id and all its attempts, also one that was delivered. Returns false when '
  'there is none with this id, or when the last attempt has not been answered yet.';
select generation_private.grant_to_service_role('execute', 'function public.redeliver_generation_webhook');

create or replace function public.generation_webhook_status()
returns table (
  in_use boolean,
  missing jsonb,
  waiting bigint,
  retrying bigint,
  failed bigint,
  last_failure jsonb
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  select coalesce(jsonb_agg(to_jsonb(gap)), '[]') into missing
  from generation_private.webhook_requirements() as gap;

  in_use := exists (
    select from public.generation_webhook_settings as s where s.hosts <> '{}' or s.local_receivers
  ) or exists (select from public.generation_webhooks);

  with undelivered as (
    select w.status, w.attempts, w.url, w.response_status, w.error, w.updated_at,
      w.status = 'failed' and w.updated_at > now() - interval '1 day' as given_up,
      w.status = 'waiting' and w.attempts >= 3 as troubled
    from public.generation_webhooks as w
    where w.status <> 'delivered'
  )
  select count(*) filter (where u.status in ('waiting', 'sent')),
    count(*) filter (where u.troubled),
    count(*) filter (where u.given_up),
    (
      array_agg(
        jsonb_build_object(
          'url', u.url, 'response_status', u.response_status, 'error', u.error, 'at', u.updated_at
        )
        order by u.updated_at desc
      ) filter (where u.troubled or u.given_up)
    )[1]
  into waiting, retrying, failed, last_failure
  from undelivered as u;
  return next;
end
$$;
comment on function public.generation_webhook_status is
  'Whether webhooks can be delivered, and how that goes; sends nothing. in_use: a host is allowed, or a job has asked for '
  'a webhook. missing: what deliver_generation_webhooks lacks, each with the remedy. waiting: not delivered yet; retrying: '
  'those of them that have failed three times or more; failed: given up in the last 24 hours. last_failure: url, '
  'response_status, error and at of the newest of the latter two, or null.';
select generation_private.grant_to_service_role('execute', 'function public.generation_webhook_status');

-- However a job ends, its row is updated: so that is where its webhook is written, and handed to pg_net, in the
-- transaction that ends the job. What is rolled back is never sent. The job must not fail, or wait, because of its
-- webhook: deliver_generation_webhooks finds one that could not be written.
create or replace function generation_private.job_ended()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '50ms' -- a table may be altered just now
as $$
declare
  webhook public.generation_webhooks;
begin
  if new.finished_at is null
    or new.finished_at is not distinct from old.finished_at
    or jsonb_typeof(new.message -> 'webhookUrl') <> 'string'
  then
    return null;
  end if;
  webhook := generation_private.write_webhook(new);
  if webhook.id is not null
    and not exists (select from generation_private.webhook_requirements())
  then
    perform generation_private.send_webhook(webhook);
  end if;
  return null;
exception when others then
  return null;
end
$$;

-- Its condition is short, since PostgreSQL reads it from the catalog again with each statement that sets the column.
create or replace trigger generation_job_ended
  after update of finished_at on public.generation_jobs
  for each row
  when (new.message ? 'webhookUrl')
  execute function generation_private.job_ended();
