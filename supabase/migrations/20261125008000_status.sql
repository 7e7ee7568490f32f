-- Two functions that only look, for tools that want to know with what they are dealing.

-- Raised with each change of a function, table or view that a worker or the command line uses.
create or replace function public.generation_schema_version()
returns integer
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select 1
$$;
comment on function public.generation_schema_version() is
  'Which schema the migrations have made: a number that goes up when workers or tools of an older version would miss something.';
select generation_private.only_service_role('public.generation_schema_version()');

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

notify pgrst, 'reload schema';
