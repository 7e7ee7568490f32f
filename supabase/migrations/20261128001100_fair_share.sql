-- A fair share: storyboards, or owners, take turns.
--
-- A job gets its turn when it is sent: one after the last of its own, but none that has passed already. In the
-- order of turns, a storyboard that sends three jobs is served while another with a thousand waits for its
-- fourth, and nothing has to be counted when jobs are claimed.
--
-- Turns are counted for each line, which is what can be stopped by itself: the jobs of one model (see limits)
-- and one priority.

create table if not exists generation_private.lines (
  queue text not null,
  line text not null,
  priority integer not null,
  turn bigint not null,
  served_at timestamptz not null,
  primary key (queue, line, priority)
);
comment on table generation_private.lines is
  'How far the turns of each line have come, and when it was served last.';

-- Jobs to be begun, line by line; and those of which something is under way at the provider, or may be.
create index if not exists generation_jobs_lines
  on public.generation_jobs (queue, requested_model, (-priority), turn, msg_id)
  where status in ('queued', 'running') and operation is null and submission_started_at is null;
create index if not exists generation_jobs_submitted
  on public.generation_jobs (queue, (-priority), msg_id)
  where status in ('queued', 'running', 'waiting')
    and (operation is not null or submission_started_at is not null);
create index if not exists generation_jobs_shares
  on public.generation_jobs (queue, requested_model, priority, share, turn)
  where status = 'queued' and share is not null;

create or replace function generation_private.share_of(message jsonb, owner text, fair_share text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case fair_share
    when 'storyboard' then coalesce(generation_private.message_text(message, 'storyboardId', 256), '')
    when 'owner' then coalesce(owner, '')
  end;
end
$$;
comment on function generation_private.share_of(jsonb, text, text) is
  'Whose turn a job takes; those that say nothing share one turn. Null without a fair share.';

create or replace function generation_private.take_turn()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  fair_share text;
begin
  select l.fair_share into fair_share from public.generation_limits as l where l.queue = new.queue;
  if fair_share is null then
    return new;
  end if;
  new.share := generation_private.share_of(new.message, new.owner, fair_share);
  new.turn := greatest(
    (
      select max(j.turn) + 1
      from public.generation_jobs as j
      where j.queue = new.queue
        and j.requested_model = new.requested_model
        and j.priority = new.priority
        and j.share = new.share
        and j.status = 'queued'
    ),
    (
      select l.turn
      from generation_private.lines as l
      where l.queue = new.queue
        and l.line = 'model ' || new.requested_model
        and l.priority = new.priority
    ),
    0
  );
  return new;
end
$$;
comment on function generation_private.take_turn() is 'Trigger: a job was sent.';

-- After generation_job_fields, which is earlier in the alphabet.
create or replace trigger generation_job_turn
  before insert on public.generation_jobs
  for each row execute function generation_private.take_turn();

create or replace function generation_private.give_turns()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  changed text;
begin
  if tg_op = 'UPDATE' and (new.queue, new.fair_share) is not distinct from (old.queue, old.fair_share) then
    return null;
  end if;
  foreach changed in array array[
    case when tg_op <> 'INSERT' then old.queue end, case when tg_op <> 'DELETE' then new.queue end
  ] loop
    continue when changed is null;
    delete from generation_private.lines as l where l.queue = changed;
    -- What somebody has in hand just now must not be waited for, and needs no turn any more.
    with waiting as (
      select j.id, j.requested_model, j.priority, j.msg_id,
        generation_private.share_of(
          j.message, j.owner,
          (select l.fair_share from public.generation_limits as l where l.queue = changed)
        ) as share
      from public.generation_jobs as j
      where j.queue = changed and j.status = 'queued'
      for update skip locked
    ),
    given as (
      select w.id, w.share,
        case
          when w.share is null then 0
          else row_number() over (partition by w.requested_model, w.priority, w.share order by w.msg_id) - 1
        end as turn
      from waiting as w
    )
    update public.generation_jobs as j
    set share = given.share, turn = given.turn
    from given
    where j.id = given.id;
  end loop;
  return null;
end
$$;
comment on function generation_private.give_turns() is
  'Trigger: a queue has got a fair share, another one, or none any more.';

create or replace trigger generation_limits_turns
  after insert or update or delete on public.generation_limits
  for each row execute function generation_private.give_turns();
