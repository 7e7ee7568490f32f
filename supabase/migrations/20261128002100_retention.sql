-- The ledger and the archives grow for ever unless they are pruned.

-- By when a job ended, without what can never be pruned.
create index if not exists generation_jobs_finished
  on public.generation_jobs (queue, finished_at)
  where finished_at is not null and not publication_pending;

-- The newest success of an entity decides which results come too late, and what its current object is: it stays for
-- as long as there is no newer one.
create or replace function generation_private.is_newest_result(job public.generation_jobs)
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select
    from generation_private.entity_slots(job) as entity
    cross join lateral generation_private.newest_result(job, entity.slot) as newest
    where newest.id = job.id
  );
end
$$;

-- Removes jobs of a queue that ended before a time, with their archived messages, oldest first. A job whose message
-- was copied back to the queue by hand stays: a worker would begin it if the ledger did not know that it has ended.
create or replace function generation_private.prune_jobs(
  queue_name text,
  ended_before timestamptz,
  with_failed boolean,
  quantity integer,
  out jobs integer,
  out messages integer
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  message_ids bigint[];
  sent_at timestamptz[];
begin
  with finished as (
    select j.id
    from public.generation_jobs as j
    where j.queue = queue_name
      and j.finished_at < ended_before
      and not j.publication_pending
      and (j.status in ('succeeded', 'cancelled') or (with_failed and j.status = 'failed'))
      and (j.status <> 'succeeded' or not generation_private.is_newest_result(j))
      and (generation_private.find_message(j.queue, j.msg_id)).enqueued_at is distinct from j.enqueued_at
    order by j.finished_at
    limit quantity
    for update of j skip locked
  ),
  removed as (
    delete from public.generation_jobs as j
    using finished as f
    where j.id = f.id
    returning j.msg_id, j.enqueued_at
  )
  select array_agg(r.msg_id), array_agg(r.enqueued_at), count(*) into message_ids, sent_at, jobs
  from removed as r;
  messages := generation_private.delete_archived(queue_name, message_ids, sent_at);
end
$$;

create or replace function public.prune_generation_jobs(
  older_than interval,
  include_failed boolean default false,
  quantity integer default 10000
)
returns table (jobs bigint, messages bigint, more boolean)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  called_at constant timestamptz := clock_timestamp();
  remaining integer := quantity;
  queue_name text;
  pruned record;
  unknown integer;
begin
  -- A worker repeats a call for some minutes when an answer was lost, never an hour later. Compared twice: one month
  -- less 29 days is a day in some months, and none at all in February.
  if older_than is null
    or not (older_than between interval '1 hour' and interval '100 years')
    or called_at - older_than > called_at - interval '1 hour'
  then
    raise exception 'older_than: expected 1 hour to 100 years, got %', coalesce(older_than::text, 'null')
      using errcode = '22023';
  end if;
  perform generation_private.check_between('quantity', quantity, 1, 100000);

  jobs := 0;
  messages := 0;
  perform generation_private.lock_queues();
  foreach queue_name in array generation_private.queue_names() loop
    exit when remaining = 0;
    -- The migrations create a queue again that was dropped.
    continue when not generation_private.queue_exists(queue_name);

    pruned := generation_private.prune_jobs(
      queue_name, called_at - older_than, coalesce(include_failed, false), remaining
    );
    remaining := remaining - pruned.jobs;
    unknown := generation_private.delete_unknown_archived(queue_name, called_at - older_than, remaining);
    remaining := remaining - unknown;
    jobs := jobs + pruned.jobs;
    messages := messages + pruned.messages + unknown;
  end loop;
  more := remaining = 0;
  return next;
end
$$;
comment on function public.prune_generation_jobs is
  'Removes the jobs that have ended longer ago than older_than (1 hour to 100 years), each with its archived message, and '
  'archived messages of that age that belong to no job. What stays: the newest success of each entity, jobs whose copies '
  'are not confirmed, and failed jobs, unless include_failed. At most quantity (1 to 100000) jobs and messages a call, '
  'oldest first; two calls at a time share the work. Returns how many jobs and messages were removed, and whether there '
  'may be more.';
select generation_private.grant_to_service_role('execute', 'function public.prune_generation_jobs');
