-- The ledger: one row for every message, from the moment it is enqueued until long after.
--
-- PostgreSQL reads each constraint and each generated column from its catalog again with every statement that changes
-- a row. So there is one constraint, which is short (queued, running and waiting jobs are live), and a trigger writes what
-- a row has from its message.

create table if not exists public.generation_jobs (
  id uuid primary key default gen_random_uuid(),
  queue text not null,
  msg_id bigint not null,
  kind text not null,
  status text not null default 'queued',
  message jsonb,
  storyboard_id text,
  scene_id text,
  character_id text,
  prompt text,
  owner text,
  priority integer not null default 0,
  requested_model text collate "C" not null default '',
  waits_for text collate "C" not null default '',
  troubles integer not null default 0,
  own_troubles integer not null default 0,
  own_trouble_lease_token integer,
  idempotency_key text,
  share text,
  turn bigint,
  attempts integer not null default 0,
  deaths integer not null default 0,
  lease_token integer,
  claim_id bigint,
  alone_lease_token integer,
  leased_model text,
  submission_started_at timestamptz,
  submission_model text,
  submission_lease_token integer,
  operation jsonb,
  submitted_at timestamptz,
  cancellation_pending boolean not null default false,
  cancellation_tries integer not null default 0,
  model text,
  object_path text,
  asset_url text,
  content_type text,
  entities jsonb,
  chosen_at timestamptz,
  choices integer not null default 0,
  error_code text,
  error_message text,
  usage jsonb,
  cost_usd numeric(12, 6),
  generation_seconds double precision,
  history jsonb not null default '[]',
  enqueued_at timestamptz not null,
  pending_since timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  finished_at timestamptz,
  updated_at timestamptz not null default clock_timestamp(),
  constraint generation_jobs_finished_when_terminal
    check ((finished_at is null) = (status ~ '^[qrw]'))
);

comment on table public.generation_jobs is
  'One row for every message of the generation queues: what was asked for, the lease that works on it, and its outcome. Written by triggers and functions only.';
comment on column public.generation_jobs.msg_id is
  'The message in pgmq. Unique among live jobs only: a queue that is dropped and created again counts from 1.';
comment on column public.generation_jobs.status is
  'queued, running, waiting (an operation goes on at the provider), succeeded, failed or cancelled.';
comment on column public.generation_jobs.message is
  'The message as sent; of one that cannot be read its ids, owner, model and webhookUrl. The ids and the prompt beside it are read from it: null when absent or not a string, ids cut to 256 characters, the prompt to 4000.';
comment on column public.generation_jobs.owner is
  'The user or tenant that the job belongs to: the message''s owner, cut to 256 characters, else the signed-in user who sent it. Never changes.';
comment on column public.generation_jobs.priority is
  'From the message: -100 to 100, higher ones are claimed first; 0 when it names none.';
comment on column public.generation_jobs.requested_model is
  'The model that the message asks for, without models/; empty when it leaves that to the worker.';
comment on column public.generation_jobs.waits_for is
  'The model that its worker found in trouble, so that the job was deferred; empty after the next claim.';
comment on column public.generation_jobs.troubles is
  'How often trouble of its attempts let a model rest. After two it does so no more: the job may be the cause.';
comment on column public.generation_jobs.own_troubles is
  'How often trouble of its attempts was taken for its own: it waits alone, longer each time.';
comment on column public.generation_jobs.own_trouble_lease_token is
  'The lease token of the last attempt whose trouble was taken for its own.';
comment on column public.generation_jobs.idempotency_key is
  'The key that the job was enqueued with: one job for each queue, owner and key.';
comment on column public.generation_jobs.share is
  'Whose turn the job takes while its queue has a fair share: storyboard or owner, and which one.';
comment on column public.generation_jobs.turn is
  'Its place among the turns of its line; null while its queue has no fair share.';
comment on column public.generation_jobs.attempts is
  'Counted attempts. A claim adds one; a deferral that does not count, or the death of the worker, takes it back.';
comment on column public.generation_jobs.deaths is
  'How often a worker ended in the middle of an attempt without a report. After two, only those count in which no other job was in that worker.';
comment on column public.generation_jobs.lease_token is
  'pgmq''s read_ct at the last claim. A worker''s writes count only while it matches the message''s.';
comment on column public.generation_jobs.claim_id is
  'The number that its worker gave the last claim; null when it gave none. The same claim, repeated, returns the same jobs.';
comment on column public.generation_jobs.alone_lease_token is
  'The lease token of the last attempt in which no other job was in its worker.';
comment on column public.generation_jobs.leased_model is
  'The model for which the job was last claimed; null when the worker named none.';
comment on column public.generation_jobs.submission_started_at is
  'When a worker announced a paid submission. While no operation is recorded, the submission is uncertain: it may have been paid for.';
comment on column public.generation_jobs.submission_lease_token is
  'The lease token of the attempt that announced the submission. No other attempt may submit again.';
comment on column public.generation_jobs.operation is
  'What a worker needs to poll the operation at the provider.';
comment on column public.generation_jobs.submitted_at is 'When the operation was recorded.';
comment on column public.generation_jobs.cancellation_pending is
  'The job is cancelled, and its operation may still be running at the provider.';
comment on column public.generation_jobs.cancellation_tries is
  'How often a worker was told to cancel the operation at the provider.';
comment on column public.generation_jobs.entities is
  'The outcome of linking, one element for each entity: slot, key, outcome (linked, superseded, not_found).';
comment on column public.generation_jobs.chosen_at is
  'When an operator last chose its asset as the current one.';
comment on column public.generation_jobs.choices is
  'How often an operator chose its asset. Copies are confirmed with the number under which they were made.';
comment on column public.generation_jobs.error_code is
  'Why the job failed or was last deferred: a stable snake_case code.';
comment on column public.generation_jobs.cost_usd is
  'Estimated cost in US dollars. It includes requests without a result, and an operation that could not be stopped when the '
  'job was cancelled.';
comment on column public.generation_jobs.generation_seconds is
  'How long the provider took for the asset, if a single request returned it; otherwise null.';
comment on column public.generation_jobs.history is
  'Earlier errors and discarded operations, oldest first, at most 50.';
comment on column public.generation_jobs.enqueued_at is
  'When the message was sent. (coalesce(chosen_at, enqueued_at), msg_id) decides which asset of an entity is the current one.';
comment on column public.generation_jobs.pending_since is
  'When it could first be claimed, or was redriven. Its deadline is counted from here.';
comment on column public.generation_jobs.started_at is 'When the job was first claimed (since its last redrive).';

-- Each change of a row that changes its status writes an entry into every index that has the row, so there are no more
-- indexes than needed. This one is unique for live jobs.
create unique index if not exists generation_jobs_message
  on public.generation_jobs (queue, msg_id, finished_at) nulls not distinct;
-- What is going on, and what has failed, however many jobs have ended; also of one storyboard.
create index if not exists generation_jobs_status
  on public.generation_jobs (status, storyboard_id, queue)
  where status in ('queued', 'running', 'waiting', 'failed');
create index if not exists generation_jobs_pending
  on public.generation_jobs (queue, pending_since)
  where status = 'queued';
-- By when they ended, with what figures add up: those of a million jobs are read from here and not from the rows.
create index if not exists generation_jobs_ended
  on public.generation_jobs (queue, finished_at, id) include (kind, status, storyboard_id, cost_usd)
  where finished_at is not null;
create index if not exists generation_jobs_owner
  on public.generation_jobs (owner, enqueued_at desc)
  where owner is not null;

-- The functions write the rows, as the owner of the table. service_role reads them.
alter table public.generation_jobs enable row level security;
select generation_private.grant_to_service_role('select', 'table public.generation_jobs');

-- At most 50 events: a job that waits for quota for days would carry thousands. The oldest gives way.
create or replace function generation_private.add_history(history jsonb, event text, details jsonb)
returns jsonb
language plpgsql
as $$
begin
  return case when jsonb_array_length(history) >= 50 then history - 0 else history end
    || jsonb_build_array(
      jsonb_build_object('at', clock_timestamp(), 'event', event) || jsonb_strip_nulls(details)
    );
end
$$;

-- That a job went to this model because others were in trouble.
create or replace function generation_private.add_passing_over(history jsonb, passed_over text, model text)
returns jsonb
language sql
return case
  when passed_over is null then history
  else generation_private.add_history(
    history, 'passed_over', jsonb_build_object('model', model, 'reason', left(passed_over, 4000))
  )
end;

-- What a job has cost when it is cancelled: an operation that cannot be stopped is paid for. The worker that recorded
-- it knows the price.
create or replace function generation_private.cost_when_cancelled(so_far numeric, operation jsonb)
returns numeric
language plpgsql immutable
as $$
begin
  if jsonb_typeof(operation -> 'cancelled_usd') is distinct from 'number' then
    return so_far;
  end if;
  return generation_private.add_cost(so_far, (operation ->> 'cancelled_usd')::numeric);
end
$$;

-- An error code that is null leaves the error of the last deferral as it is. A worker is woken for the operation of a
-- cancelled job.
create or replace function generation_private.end_job(
  job_id uuid,
  final_status text,
  code text default null,
  reason text default null
)
returns void
language plpgsql
as $$
declare
  ended record;
begin
  update public.generation_jobs as j
  set status = final_status,
      error_code = coalesce(code, j.error_code),
      error_message = case when code is null then j.error_message else reason end,
      cancellation_pending = final_status = 'cancelled' and j.operation is not null,
      cost_usd = case final_status
        when 'cancelled' then generation_private.cost_when_cancelled(j.cost_usd, j.operation)
        else j.cost_usd
      end,
      finished_at = clock_timestamp(),
      updated_at = clock_timestamp()
  where j.id = job_id
  returning j.queue, j.cancellation_pending into ended;
  if ended.cancellation_pending then
    perform generation_private.wake(ended.queue);
  end if;
end
$$;
