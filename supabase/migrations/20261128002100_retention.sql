-- The ledger and the archives grow for ever unless they are pruned.

-- How far pruning has come. What stays for ever would else be checked by each call from the beginning. A pass that is
-- not continued within an hour begins again.
create table if not exists generation_private.prune_passes (
  queue text not null,
  with_failed boolean not null,
  continued_at timestamptz,
  finished_at timestamptz,
  job_id uuid,
  primary key (queue, with_failed)
);
comment on table generation_private.prune_passes is
  'The last job that pruning has checked, by its end; null when the next call begins with the oldest one.';
insert into generation_private.prune_passes (queue, with_failed)
select queue, with_failed
from unnest(generation_private.queue_names()) as queue, unnest(array[false, true]) as with_failed
on conflict do nothing;

-- Removes jobs of a queue that ended after and up to a place in their order, with their archived messages, oldest first;
-- returns the last one when there may be more. What stays:
--   the newest success of an entity, for as long as there is no newer one: it decides which results come too late, and what
--   the current object is. It is looked for here, since a function that is called for each row would take ten times as long;
--   a job whose message was copied back to the queue by hand: a worker would begin it if the ledger did not know that it
--   has ended.
create or replace function generation_private.prune_stretch(
  queue_name text,
  passed generation_private.prune_passes,
  up_to generation_private.prune_passes,
  quantity integer,
  out jobs integer,
  out messages integer,
  out last_at timestamptz,
  out last_id uuid
)
language plpgsql
set enable_sort = off -- the index has their order
as $$
declare
  message_ids bigint[];
  sent_at timestamptz[];
begin
  with ended as (
    select j.id
    from public.generation_jobs as j
    where j.queue = queue_name
      and j.finished_at between passed.finished_at and up_to.finished_at
      and (j.finished_at, j.id) > (passed.finished_at, passed.job_id)
      and (j.finished_at, j.id) <= (up_to.finished_at, up_to.job_id)
      and not exists (select from public.generation_publications as p where p.job_id = j.id)
      and (j.status in ('succeeded', 'cancelled') or (passed.with_failed and j.status = 'failed'))
      and not (j.status = 'succeeded' and j.storyboard_id is not null and j.scene_id is not null and not exists (
        select from public.generation_jobs as other
        where other.storyboard_id = j.storyboard_id and other.scene_id = j.scene_id and other.kind = j.kind
          and other.status = 'succeeded'
          and (coalesce(other.chosen_at, other.enqueued_at), other.msg_id) > (coalesce(j.chosen_at, j.enqueued_at), j.msg_id)
      ))
      and not (j.status = 'succeeded' and j.storyboard_id is not null and j.character_id is not null and not exists (
        select from public.generation_jobs as other
        where other.storyboard_id = j.storyboard_id and other.character_id = j.character_id and other.kind = j.kind
          and other.status = 'succeeded'
          and (coalesce(other.chosen_at, other.enqueued_at), other.msg_id) > (coalesce(j.chosen_at, j.enqueued_at), j.msg_id)
      ))
      and (generation_private.find_message(j.queue, j.msg_id)).enqueued_at is distinct from j.enqueued_at
    order by j.finished_at, j.id
    limit quantity
    for update of j skip locked
  ),
  removed as (
    delete from public.generation_jobs as j
    using ended as e
    where j.id = e.id
    returning j.id, j.msg_id, j.enqueued_at, j.finished_at, j.status, j.cost_usd
  ),
  counted as (
    select c.ended_before from generation_private.ended_counted as c for share
  ),
  corrected as (
    insert into generation_private.ended_counts (queue, status, jobs, cost_usd)
    select queue_name, r.status, -count(*), -sum(r.cost_usd)
    from removed as r
    where r.finished_at < (select c.ended_before from counted as c)
    group by r.status
  )
  select array_agg(r.msg_id), array_agg(r.enqueued_at), count(*), max(r.finished_at),
    (array_agg(r.id order by r.finished_at desc, r.id desc))[1]
  into message_ids, sent_at, jobs, last_at, last_id
  from removed as r;
  messages := generation_private.delete_archived(queue_name, message_ids, sent_at);
end
$$;

-- Removes jobs of a queue that ended before a time, at most so many. It checks ten times as many, from where the last call
-- stopped; more: there are others.
create or replace function generation_private.prune_jobs(
  queue_name text,
  ended_before timestamptz,
  with_failed boolean,
  quantity integer,
  out jobs integer,
  out messages integer,
  out more boolean
)
language plpgsql
as $$
declare
  beginning constant uuid := '00000000-0000-0000-0000-000000000000';
  passed generation_private.prune_passes;
  up_to generation_private.prune_passes;
  pruned record;
begin
  select * into passed
  from generation_private.prune_passes as p
  where p.queue = queue_name
    and p.with_failed = prune_jobs.with_failed
    and p.continued_at > clock_timestamp() - interval '1 hour'
    and p.finished_at < ended_before;
  passed.with_failed := prune_jobs.with_failed;
  passed.finished_at := coalesce(passed.finished_at, '-infinity');
  passed.job_id := coalesce(passed.job_id, beginning);
  select j.finished_at, j.id into up_to.finished_at, up_to.job_id
  from public.generation_jobs as j
  where j.queue = queue_name
    and (j.finished_at, j.id) > (passed.finished_at, passed.job_id)
    and j.finished_at < ended_before
  order by j.finished_at, j.id
  offset 10 * quantity
  limit 1;
  more := found;
  if not found then
    up_to.finished_at := ended_before;
    up_to.job_id := beginning;
  end if;

  pruned := generation_private.prune_stretch(queue_name, passed, up_to, quantity);
  jobs := pruned.jobs;
  messages := pruned.messages;
  if jobs = quantity then
    up_to.finished_at := pruned.last_at;
    up_to.job_id := pruned.last_id;
  end if;
  more := more or jobs = quantity;
  -- Two that prune at a time do not wait for each other here: then one of them has said how far it came.
  update generation_private.prune_passes as p
  set continued_at = clock_timestamp(),
      finished_at = case when more then up_to.finished_at end,
      job_id = case when more then up_to.job_id end
  where (p.queue, p.with_failed) = (
    select free.queue, free.with_failed
    from generation_private.prune_passes as free
    where free.queue = queue_name and free.with_failed = prune_jobs.with_failed
    for update skip locked
  );
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
  more := false;
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
    more := more or pruned.more;
    jobs := jobs + pruned.jobs;
    messages := messages + pruned.messages + unknown;
  end loop;
  more := more or remaining = 0;
  return next;
end
$$;
comment on function public.prune_generation_jobs is
  'Removes the jobs that have ended longer ago than older_than (1 hour to 100 years), each with its archived message, and '
  'archived messages of that age that belong to no job. What stays: the newest success of each entity, jobs whose copies '
  'are not confirmed, and failed jobs, unless include_failed. At most quantity (1 to 100000) jobs and messages a call, of '
  'ten times as many that it looks at, oldest first; the next call goes on where this one stopped, and two at a time share '
  'the work. Returns how many jobs and messages were removed, and whether there may be more.';
select generation_private.grant_to_service_role('execute', 'function public.prune_generation_jobs');
