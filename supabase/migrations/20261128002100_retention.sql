-- The ledger and the archives grow for ever unless they are pruned.

-- By when a job ended, without what can never be removed.
create index if not exists generation_jobs_finished
  on public.generation_jobs (queue, finished_at)
  where finished_at is not null and not publication_pending;

create or replace function public.prune_generation_jobs(
  older_than interval,
  include_failed boolean default false,
  quantity integer default 10000
)
returns table (jobs bigint, messages bigint, more boolean)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  called_at constant timestamptz := clock_timestamp();
  remaining integer := prune_generation_jobs.quantity;
  cutoff timestamptz;
  queue text;
  removed bigint;
  archived bigint;
begin
  -- A worker repeats a call for some minutes when an answer was lost; an hour later nobody asks.
  -- Compared twice: one month less 29 days is a day for some, and none at all in February.
  if older_than is null
    or not (older_than between interval '1 hour' and interval '100 years')
    or called_at - older_than > called_at - interval '1 hour'
  then
    raise exception 'older_than: expected 1 hour to 100 years, got %',
      coalesce(older_than::text, 'null') using errcode = '22023';
  end if;
  if quantity is null or quantity not between 1 and 100000 then
    raise exception 'quantity: expected 1 to 100000, got %',
      coalesce(quantity::text, 'null') using errcode = '22023';
  end if;

  cutoff := called_at - older_than;
  jobs := 0;
  messages := 0;
  perform generation_private.lock_queues();
  foreach queue in array array['image_generation_queue', 'video_generation_queue'] loop
    exit when remaining = 0;
    -- A queue that was dropped is made anew by the migrations.
    continue when to_regclass(format('pgmq.%I', 'q_' || queue)) is null;

    -- The newest success of an entity decides which results come too late, and what its current
    -- object is: it stays for as long as there is no newer one. A message that is still on the
    -- queue, put back by hand, would be worked on if nobody knew that its job has ended.
    execute format(
      $sql$
        with finished as (
          select j.id
          from public.generation_jobs as j
          where j.queue = $1
            and j.finished_at < $2
            and not j.publication_pending
            and (j.status in ('succeeded', 'cancelled') or ($3 and j.status = 'failed'))
            and (j.status <> 'succeeded' or j.storyboard_id is null or (
              (j.scene_id is null or exists (
                select from public.generation_jobs as newer
                where newer.storyboard_id = j.storyboard_id
                  and newer.scene_id = j.scene_id
                  and newer.kind = j.kind
                  and newer.status = 'succeeded'
                  and (newer.enqueued_at, newer.msg_id) > (j.enqueued_at, j.msg_id)
              ))
              and (j.character_id is null or exists (
                select from public.generation_jobs as newer
                where newer.storyboard_id = j.storyboard_id
                  and newer.character_id = j.character_id
                  and newer.kind = j.kind
                  and newer.status = 'succeeded'
                  and (newer.enqueued_at, newer.msg_id) > (j.enqueued_at, j.msg_id)
              ))
            ))
            and not exists (
              select from pgmq.%1$I as q where q.msg_id = j.msg_id and q.enqueued_at = j.enqueued_at
            )
          order by j.finished_at
          limit $4
          for update of j skip locked
        ),
        removed as (
          delete from public.generation_jobs as j
          using finished
          where j.id = finished.id
          returning j.msg_id, j.enqueued_at
        ),
        archived as (
          delete from pgmq.%2$I as a
          using removed
          where a.msg_id = removed.msg_id and a.enqueued_at = removed.enqueued_at
          returning a.msg_id
        )
        select (select count(*) from removed), (select count(*) from archived)
      $sql$,
      'q_' || queue, 'a_' || queue
    ) into removed, archived using queue, cutoff, coalesce(include_failed, false), remaining;
    jobs := jobs + removed;
    messages := messages + archived;
    remaining := remaining - removed;

    -- Messages of which the ledger knows nothing: older than the ledger, or deleted from it.
    execute format(
      $sql$
        with unknown as (
          select a.msg_id
          from pgmq.%1$I as a
          where a.archived_at < $2
            and not exists (
              select from public.generation_jobs as j
              where j.queue = $1 and j.msg_id = a.msg_id and j.enqueued_at = a.enqueued_at
            )
          order by a.archived_at
          limit $3
          for update of a skip locked
        ),
        archived as (
          delete from pgmq.%1$I as a using unknown where a.msg_id = unknown.msg_id returning a.msg_id
        )
        select count(*) from archived
      $sql$,
      'a_' || queue
    ) into archived using queue, cutoff, remaining;
    messages := messages + archived;
    remaining := remaining - archived;
  end loop;
  more := remaining = 0;
  return next;
end
$$;
comment on function public.prune_generation_jobs(interval, boolean, integer) is
  'Removes the jobs that have ended longer ago than older_than (1 hour to 100 years), each with its archived message, and '
  'archived messages of that age that belong to no job. What stays: the newest success of each entity, jobs whose copies '
  'are not confirmed, and failed jobs, unless include_failed. At most quantity (1 to 100000) jobs and messages a call, '
  'oldest first; two calls at a time share the work. Answers how many jobs and messages were removed, and whether there '
  'may be more.';
select generation_private.only_service_role('public.prune_generation_jobs(interval, boolean, integer)');
