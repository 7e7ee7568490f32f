-- Webhooks: one row for each end of a job whose message names a webhookUrl, written in the transaction that ends the job.

create table if not exists public.generation_webhooks (
  id uuid primary key default gen_random_uuid(),
  job_id uuid not null references public.generation_jobs (id) on delete cascade,
  ended_at timestamptz not null,
  url text not null,
  event jsonb not null,
  status text not null default 'waiting'
    check (status in ('waiting', 'sent', 'delivered', 'failed')),
  attempts integer not null default 0 check (attempts >= 0),
  next_attempt_at timestamptz default clock_timestamp(),
  sent_at timestamptz,
  request_id bigint,
  response_status integer,
  error text,
  updated_at timestamptz not null default clock_timestamp(),
  constraint generation_webhooks_one_each_end unique (job_id, ended_at),
  constraint generation_webhooks_next_when_waiting
    check ((next_attempt_at is not null) = (status = 'waiting')),
  constraint generation_webhooks_request_when_sent
    check (status <> 'sent' or (request_id is not null and sent_at is not null))
);
comment on table public.generation_webhooks is
  'One row for each end of a job whose message names a webhookUrl: what is sent, where, and how that went.';
comment on column public.generation_webhooks.id is 'The header webhook-id, the same at every attempt.';
comment on column public.generation_webhooks.ended_at is
  'When the job ended: finished_at. A job that is sent again ends again.';
comment on column public.generation_webhooks.event is 'The body: type, timestamp and data.';
comment on column public.generation_webhooks.status is
  'waiting (for next_attempt_at), sent (no answer yet), delivered, or failed (error says why).';
comment on column public.generation_webhooks.sent_at is 'When it was last handed to pg_net.';
comment on column public.generation_webhooks.request_id is 'The last attempt in pg_net''s tables.';
comment on column public.generation_webhooks.response_status is 'What the receiver answered last, if it did.';
comment on column public.generation_webhooks.error is 'Why the last attempt failed.';

create index if not exists generation_webhooks_due
  on public.generation_webhooks (next_attempt_at)
  where status = 'waiting';
create index if not exists generation_webhooks_unanswered
  on public.generation_webhooks (sent_at)
  where status = 'sent';
-- Ends of which no row was written.
create index if not exists generation_jobs_webhook
  on public.generation_jobs (finished_at)
  where finished_at is not null and jsonb_typeof(message -> 'webhookUrl') = 'string';

alter table public.generation_webhooks enable row level security;
select generation_private.grant_to_service_role('select', 'table public.generation_webhooks');

-- Writes the webhook of a job that has ended; returns the row, null if it was there. The data are what a sender may
-- know; a field that generation_job does not have is left out.
create or replace function generation_private.write_webhook(job public.generation_jobs)
returns public.generation_webhooks
language plpgsql
set timezone = 'UTC'
as $$
declare
  written public.generation_webhooks;
begin
  insert into public.generation_webhooks as w (job_id, ended_at, url, event)
  values (
    job.id,
    job.finished_at,
    job.message ->> 'webhookUrl',
    jsonb_build_object(
      'type', 'generation.' || job.status,
      'timestamp', job.finished_at,
      'data', (
        select jsonb_object_agg(field.key, field.value)
        from jsonb_each(public.generation_job(job.id)) as field
        where field.key in (
          'id', 'kind', 'status', 'owner', 'idempotency_key', 'storyboard_id', 'scene_id',
          'character_id', 'attempts', 'asset_url', 'content_type', 'model', 'error', 'cost_usd',
          'enqueued_at', 'started_at', 'finished_at'
        )
      )
    )
  )
  on conflict do nothing
  returning w.* into written;
  return written;
end
$$;
