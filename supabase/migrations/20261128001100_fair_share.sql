-- A fair share: storyboards, or owners, take turns.
--
-- A job gets its turn when it is sent: one after the last of its own storyboard, but none that has passed already.
-- In the order of turns, a storyboard that sends three jobs is served while another with a thousand waits for its
-- fourth, and nothing has to be counted when jobs are claimed. A job that is tried again has had its turn, and gets the
-- next one: with the old one, those of a storyboard whose jobs all fail would come before all others each time.
--
-- Jobs that waited already when a fair share was set, changed or removed get their turns in the order of their messages,
-- a portion at a time: in one statement a long queue would keep every worker waiting. A job that has no turn yet comes
-- after those that have one, but each claim gives turns to more jobs than it takes.
--
-- Turns are counted for each line, which is what can be stopped by itself: the jobs of one model (see limits and
-- how models stand) and one priority.

create table if not exists generation_private.fair_share_cursors (
  queue text not null,
  line text not null,
  priority integer not null,
  turn bigint not null,
  served_at timestamptz not null,
  primary key (queue, line, priority)
);
comment on table generation_private.fair_share_cursors is
  'How far the turns of each line have come, and when it was served last.';

create table if not exists generation_private.turn_passes (
  queue text primary key,
  passed bigint not null,
  is_last boolean not null default false,
  changed_at timestamptz not null default clock_timestamp()
);
comment on table generation_private.turn_passes is
  'The queues whose fair share has changed, and how far their messages have been passed to give the jobs their turns. The '
  'last pass begins a minute after the change: before that there may be jobs whose sender has not committed.';

-- The jobs to begin, line by line; and those that have something submitted at the provider, or may have.
create index if not exists generation_jobs_lines
  on public.generation_jobs (queue, requested_model, waits_for, (-priority), turn, msg_id)
  where finished_at is null and operation is null and submission_started_at is null;
create index if not exists generation_jobs_submitted
  on public.generation_jobs (queue, (-priority), msg_id)
  where finished_at is null and (operation is not null or submission_started_at is not null);
create index if not exists generation_jobs_shares
  on public.generation_jobs (queue, requested_model, priority, share, turn)
  where status = 'queued' and share is not null;

-- Whose turn a job takes now: what its queue is divided by, and which one. The jobs that name no storyboard or owner share
-- one turn. Null without a fair share.
create or replace function generation_private.share_of(job public.generation_jobs)
returns text
language plpgsql stable
as $$
begin
  return (
    select l.fair_share || ' ' || coalesce(case l.fair_share when 'storyboard' then job.storyboard_id else job.owner end, '')
    from public.generation_limits as l
    where l.queue = job.queue
  );
end
$$;

-- The turn of a job that is put in its line now, for this share; null without one. The only order that is asked for is
-- that of the index of shares: a session may have planned this when the queue had no turns, and would read all that waits.
create or replace function generation_private.next_turn(job public.generation_jobs, share text)
returns bigint
language plpgsql stable
set enable_sort = off
as $$
begin
  return case when share is not null then greatest(
    (
      select j.turn + 1
      from public.generation_jobs as j
      where j.queue = job.queue
        and j.requested_model = job.requested_model
        and j.priority = job.priority
        and j.share = next_turn.share
        and j.status = 'queued'
      order by j.turn desc
      limit 1
    ),
    (
      select c.turn
      from generation_private.fair_share_cursors as c
      where c.queue = job.queue
        and c.line = 'model ' || job.requested_model
        and c.priority = job.priority
    ),
    0
  ) end;
end
$$;

create or replace function generation_private.assign_turn()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  new.share := generation_private.share_of(new);
  if new.share is not null then
    new.turn := generation_private.next_turn(new, new.share);
  end if;
  return new;
end
$$;

-- After generation_job_fields, which is earlier in the alphabet.
create or replace trigger generation_job_turn
  before insert on public.generation_jobs
  for each row execute function generation_private.assign_turn();

-- Gives new turns to the shares of these messages whose turns have passed while they were hidden, by the delay of their
-- sender: all of a share would come before all others. Returns whether there were any. An error is left to the claim.
create or replace function generation_private.renew_turns(queue_name text, message_ids bigint[])
returns boolean
language plpgsql
as $$
declare
  late record;
  renewed boolean := false;
begin
  for late in
    select distinct on (j.requested_model, j.priority, j.share) j as job, c.turn as passed,
      generation_private.next_turn(j, j.share) as next
    from public.generation_jobs as j
    join generation_private.fair_share_cursors as c
      on c.queue = j.queue and c.line = 'model ' || j.requested_model and c.priority = j.priority and c.turn > j.turn
    where j.queue = queue_name
      and j.msg_id = any (message_ids)
      and j.finished_at is null
      and j.started_at is null
      and j.share is not null
  loop
    update public.generation_jobs as j
    set turn = late.next + waiting.place
    from (
      select l.id, row_number() over (order by l.turn, l.msg_id) - 1 as place
      from (
        select *
        from public.generation_jobs as l
        where l.queue = queue_name
          and l.requested_model = (late.job).requested_model
          and l.priority = (late.job).priority
          and l.share = (late.job).share
          and l.status = 'queued'
          and l.turn < late.passed
          and l.started_at is null
        order by l.turn
        limit 1000
        for update skip locked
      ) as l
    ) as waiting
    where j.id = waiting.id;
    renewed := renewed or found;
  end loop;
  return renewed;
exception when others or assert_failure then
  return false;
end
$$;

-- Gives the next waiting jobs of a queue their turns, if its fair share has changed. A job that another session has in
-- hand must not be waited for: it gets its turn when it is deferred, or by the next pass. Nor does a session wait for one
-- that gives turns already.
create or replace function generation_private.assign_turns(queue_name text, quantity integer)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan that was made for a short queue would read all of a long one
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  pass generation_private.turn_passes;
  seen integer;
begin
  select * into pass from generation_private.turn_passes as p where p.queue = queue_name for update skip locked;
  if not found then
    return;
  end if;
  with waiting as (
    select j as job, j.id, j.msg_id, j.requested_model, j.priority, generation_private.share_of(j) as share
    from public.generation_jobs as j
    where j.queue = queue_name and j.msg_id > pass.passed and j.finished_at is null and j.status = 'queued'
    order by j.msg_id
    limit quantity
    for update skip locked
  ),
  assigned as (
    update public.generation_jobs as j
    set share = a.share, turn = a.turn
    from (
      -- Asked once for each share, before its jobs have their turns.
      select n.id, n.share,
        max(case when n.place = 1 then generation_private.next_turn(n.job, n.share) end)
          over (partition by n.requested_model, n.priority, n.share) - 1 + n.place as turn
      from (
        select w.*, row_number() over (partition by w.requested_model, w.priority, w.share order by w.msg_id) as place
        from waiting as w
      ) as n
    ) as a
    where j.id = a.id and j.share is distinct from a.share
  )
  select count(*), max(w.msg_id) into seen, pass.passed from waiting as w;
  if seen = quantity then
    update generation_private.turn_passes as p set passed = pass.passed where p.queue = queue_name;
  elsif pass.is_last then
    delete from generation_private.turn_passes as p where p.queue = queue_name;
  else
    update generation_private.turn_passes as p
    set passed = 0, is_last = p.changed_at < clock_timestamp() - interval '1 minute'
    where p.queue = queue_name;
  end if;
end
$$;

-- The first jobs get their turns at once: most queues are no longer than that.
create or replace function generation_private.begin_turns(queue_name text)
returns void
language plpgsql
as $$
begin
  insert into generation_private.turn_passes as p (queue, passed)
  -- From the first message on that is left: the ledger may have millions before it that have ended.
  values (queue_name, coalesce((
    select m.msg_id - 1 from generation_private.queue_messages() as m where m.queue = queue_name order by m.msg_id limit 1
  ), 0))
  on conflict (queue) do update
  set passed = excluded.passed, is_last = excluded.is_last, changed_at = excluded.changed_at;
  perform generation_private.assign_turns(queue_name, 3000);
end
$$;

create or replace function generation_private.fair_share_changed()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'UPDATE' and (new.queue, new.fair_share) is not distinct from (old.queue, old.fair_share) then
    return null;
  end if;
  if tg_op <> 'INSERT' and old.queue is not null and (tg_op = 'DELETE' or new.queue is distinct from old.queue) then
    perform generation_private.begin_turns(old.queue);
  end if;
  if tg_op <> 'DELETE' and new.queue is not null then
    perform generation_private.begin_turns(new.queue);
  end if;
  return null;
end
$$;

create or replace trigger generation_limits_turns
  after insert or update or delete on public.generation_limits
  for each row execute function generation_private.fair_share_changed();

-- A job of this line was just claimed: its turn has passed. Jobs that name none of the worker's models share the line
-- of those that name none at all, and do not move its turns.
create or replace function generation_private.advance_cursor(job public.generation_jobs, models text[])
returns void
language plpgsql
as $$
declare
  offered constant boolean := job.requested_model = '' or job.requested_model = any (models);
begin
  insert into generation_private.fair_share_cursors as c (queue, line, priority, turn, served_at)
  select job.queue,
    case
      when job.operation is not null or job.submission_started_at is not null then 'submitted'
      when offered then 'model ' || job.requested_model
      else 'model '
    end,
    job.priority, case when offered and job.turn is not null then job.turn else 0 end, clock_timestamp()
  from public.generation_limits as l
  where l.queue = job.queue
  on conflict (queue, line, priority) do update
  set turn = greatest(c.turn, excluded.turn), served_at = excluded.served_at;
end
$$;
