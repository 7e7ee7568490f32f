-- Sending webhooks, by pg_net: it makes the request after the transaction is committed, and puts the
-- answer into a table of its own, where the next look finds it. So nothing here waits for a receiver.
create or replace function generation_private.webhook_requirements()
returns table (missing text, remedy text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  secret text;
begin
  if to_regprocedure('net.http_post(text, jsonb, jsonb, jsonb, integer)') is null then
    missing := 'the extension pg_net';
    remedy := 'create extension pg_net;';
    return next;
  elsif not has_schema_privilege('net', 'usage')
    or not coalesce(has_table_privilege(to_regclass('net._http_response'), 'select'), false)
  then
    missing := 'the right to read the answers that pg_net got';
    remedy := format('grant usage on schema net to %1$I; grant select on net._http_response to %1$I;', current_user);
    return next;
  end if;
  if to_regclass('vault.decrypted_secrets') is null then
    missing := 'the extension supabase_vault';
    remedy := 'create extension supabase_vault;';
    return next;
  else
    secret := generation_private.schedule_secret('webhook_secret');
  end if;
  if generation_private.webhook_keys(secret) is null then
    missing := case
      when coalesce(secret, '') = '' then 'the secret webhook_secret'
      else 'a secret webhook_secret that is whsec_ and 24 to 64 bytes in Base64'
    end;
    remedy := case
      when secret is null then
        'select vault.create_secret(''whsec_'' || encode(uuid_send(gen_random_uuid()) || '
          'uuid_send(gen_random_uuid()), ''base64''), ''webhook_secret'');'
      else
        'select vault.update_secret(id, ''whsec_'' || encode(uuid_send(gen_random_uuid()) || '
          'uuid_send(gen_random_uuid()), ''base64'')) from vault.secrets where name = ''webhook_secret'';'
    end;
    return next;
  end if;
  if not exists (
    select from public.generation_webhook_settings as s where s.hosts <> '{}' or s.local_receivers
  ) then
    missing := 'a host that webhooks may go to';
    remedy := 'update generation_webhook_settings set hosts = array[''hooks.example.com''];';
    return next;
  end if;
end
$$;
comment on function generation_private.webhook_requirements() is
  'What is missing before a webhook can be sent, and the statement that mends it. No row: nothing.';

-- Six attempts in the first hour, for what is being restarted; the others hours apart, for what is
-- noticed in the morning. The tenth is the last, some 22 hours after the first.
create or replace function generation_private.webhook_delay(attempts integer)
returns interval
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if attempts >= 10 then
    return null;
  end if;
  -- Receivers that were down together do not hear of everything at the same moment.
  return make_interval(secs => least(21600, 10 * 4 ^ (attempts - 1)) * (0.8 + 0.4 * random()));
end
$$;
comment on function generation_private.webhook_delay(integer) is
  'How long to wait after so many attempts, with a jitter of a fifth; null: no longer.';

create or replace function generation_private.webhook_attempt_failed(
  webhook public.generation_webhooks,
  response_status integer,
  error text,
  final boolean
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  delay constant interval := case
    when not final then generation_private.webhook_delay(webhook.attempts)
  end;
begin
  update public.generation_webhooks as w
  set status = case when delay is null then 'failed' else 'waiting' end,
      next_attempt_at = clock_timestamp() + delay,
      response_status = webhook_attempt_failed.response_status,
      error = left(webhook_attempt_failed.error, 500),
      updated_at = clock_timestamp()
  where w.id = webhook.id;
end
$$;
comment on function
  generation_private.webhook_attempt_failed(public.generation_webhooks, integer, text, boolean) is
  'Notes an attempt that failed: there will be another one, unless it was the last or another would be of no use (final).';

create or replace function generation_private.send_webhook(webhook public.generation_webhooks)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
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
          generation_private.webhook_keys(generation_private.schedule_secret('webhook_secret'))
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
comment on function generation_private.send_webhook(public.generation_webhooks) is
  'Hands a webhook to pg_net, signed; the caller holds its row. One whose URL is refused has failed.';

create or replace function generation_private.take_webhook_answer(
  webhook public.generation_webhooks,
  response_status integer,
  location text,
  error text
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  -- pg_net has followed a redirect: somebody else was told, or nobody. It shows the headers of the
  -- first answer and the status of the last. A location is nothing odd beside 201 alone.
  if take_webhook_answer.location is not null and response_status is distinct from 201 then
    perform generation_private.webhook_attempt_failed(
      webhook, response_status, 'the receiver redirects, to ' || take_webhook_answer.location, true
    );
  elsif response_status between 200 and 299 then
    update public.generation_webhooks as w
    set status = 'delivered',
        response_status = take_webhook_answer.response_status,
        updated_at = clock_timestamp()
    where w.id = webhook.id;
  elsif response_status = 410 then
    perform generation_private.webhook_attempt_failed(
      webhook, response_status, 'the receiver wants no more of this (410)', true
    );
  else
    perform generation_private.webhook_attempt_failed(
      webhook,
      response_status,
      coalesce(take_webhook_answer.error, 'the receiver answered ' || response_status, 'no answer came'),
      false
    );
  end if;
end
$$;
comment on function
  generation_private.take_webhook_answer(public.generation_webhooks, integer, text, text) is
  'What becomes of a webhook by the answer to it: location is that header, error what pg_net says where there is no answer.';

create or replace function public.deliver_generation_webhooks()
returns table (answered integer, sent integer, missing jsonb)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  most constant integer := 200; -- a look; as many as pg_net takes at once
  -- pg_net forgets what it had in hand when the server breaks down.
  patience constant interval := interval '5 minutes';
  moment timestamptz := clock_timestamp();
  job public.generation_jobs;
  webhook public.generation_webhooks;
  answer record;
begin
  answered := 0;
  sent := 0;
  select coalesce(jsonb_agg(to_jsonb(gap)), '[]') into missing
  from generation_private.webhook_requirements() as gap;

  -- Ends that the job's own transaction could not write down.
  for job in
    select j.*
    from public.generation_jobs as j
    where j.finished_at > moment - interval '1 hour'
      and jsonb_typeof(j.message -> 'webhookUrl') = 'string'
      and not exists (
        select from public.generation_webhooks as w
        where w.job_id = j.id and w.ended_at = j.finished_at
      )
    order by j.finished_at
    limit most
    for key share of j skip locked
  loop
    perform generation_private.write_webhook(job);
  end loop;

  if missing <> '[]' then
    return next;
    return;
  end if;

  -- Two looks at a time share the work.
  for webhook in
    select *
    from public.generation_webhooks as w
    where w.status = 'sent'
    order by w.sent_at
    limit most
    for update skip locked
  loop
    -- After a breakdown pg_net may count from 1 again, so the time has to be right, too. Its clock
    -- is that of a transaction, which may have begun a little earlier.
    select r.status_code, r.error_msg, r.timed_out, (
        select field.value from jsonb_each_text(r.headers) as field
        where lower(field.key) = 'location'
        limit 1
      ) as location
    into answer
    from net._http_response as r
    where r.id = webhook.request_id and r.created > webhook.sent_at - interval '1 minute'
    limit 1;
    if found then
      perform generation_private.take_webhook_answer(
        webhook, answer.status_code, answer.location,
        coalesce(answer.error_msg, case when answer.timed_out then 'no answer in time' end)
      );
      answered := answered + 1;
    elsif webhook.sent_at < moment - patience then
      perform generation_private.take_webhook_answer(webhook, null, null, null);
      answered := answered + 1;
    end if;
  end loop;

  moment := clock_timestamp();
  for webhook in
    select *
    from public.generation_webhooks as w
    where w.status = 'waiting' and w.next_attempt_at <= moment
    order by w.next_attempt_at
    limit most
    for update skip locked
  loop
    perform generation_private.send_webhook(webhook);
    sent := sent + 1;
  end loop;
  return next;
end
$$;
comment on function public.deliver_generation_webhooks() is
  'Reads the answers to the webhooks that were sent, and sends what is due, at most 200 of each. Answers how many, and '
  'what is missing, each with the remedy: while something is, everything waits.';
select generation_private.only_service_role('public.deliver_generation_webhooks()');

create or replace function public.redeliver_generation_webhook(webhook_id uuid)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  webhook public.generation_webhooks;
begin
  if webhook_id is null then
    raise exception 'webhook_id: expected the id of a webhook, got null' using errcode = '22023';
  end if;
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
comment on function public.redeliver_generation_webhook(uuid) is
  'Sends a webhook once more, with the same id and all its attempts, also one that was delivered. Answers false when '
  'there is none with this id, or when the last attempt has not been answered yet.';
select generation_private.only_service_role('public.redeliver_generation_webhook(uuid)');

create or replace function public.generation_webhook_status()
returns table (
  in_use boolean,
  missing jsonb,
  waiting bigint,
  retrying bigint,
  failed bigint,
  last_failure jsonb
)
language plpgsql
stable
security definer
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
comment on function public.generation_webhook_status() is
  'Whether webhooks can be delivered, and how that goes; sends nothing. in_use: a host is allowed, or a job has asked for '
  'a webhook. missing: what deliver_generation_webhooks lacks, each with the remedy. waiting: not delivered yet; retrying: '
  'those of them that have failed three times or more; failed: given up in the last 24 hours. last_failure: url, '
  'response_status, error and at of the newest of the latter two, or null.';
select generation_private.only_service_role('public.generation_webhook_status()');

-- However a job ends, its row is updated: so that is where its sender is told. The row is written, and
-- handed to pg_net, in the transaction that ends the job: what is rolled back is told to nobody.
create or replace function generation_private.job_ended()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '50ms' -- somebody may be altering a table
as $$
declare
  webhook public.generation_webhooks;
begin
  webhook := generation_private.write_webhook(new);
  if webhook.id is not null
    and not exists (select from generation_private.webhook_requirements())
  then
    perform generation_private.send_webhook(webhook);
  end if;
  return null;
exception when others then
  return null; -- no affair of the job's: deliver_generation_webhooks finds what was not written down
end
$$;
comment on function generation_private.job_ended() is
  'Trigger: a job has ended whose message names a webhookUrl. Never raises, never waits.';

create or replace trigger generation_job_ended
  after update of status on public.generation_jobs
  for each row
  when (
    new.finished_at is not null
    and new.finished_at is distinct from old.finished_at
    and jsonb_typeof(new.message -> 'webhookUrl') = 'string'
  )
  execute function generation_private.job_ended();
