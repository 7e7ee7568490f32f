-- Messages on pgmq's tables. Only this file builds SQL from the name of a queue: each queue has tables of its
-- own, which pgmq.drop_queue may drop and pgmq.create create again. Columns are named, since their order differs
-- between the versions of pgmq.
--
-- What every job needs is written out for each queue: a session keeps the plans of such statements, and to plan one takes
-- longer than to run it.
--
-- What a message says is read by read_message and judge_message alone, and only where it can be read.

-- message: as sent, or what is kept of it when there is a reason to reject it.
do $$
begin
  if to_regtype('generation_private.queue_message') is null then
    create type generation_private.queue_message as (
      msg_id bigint,
      read_ct integer,
      enqueued_at timestamptz,
      vt timestamptz,
      message jsonb,
      rejection text
    );
  end if;
end
$$;

create or replace function generation_private.queue_exists(queue_name text)
returns boolean
language plpgsql stable
as $$
begin
  return to_regclass(format('pgmq.%I', 'q_' || queue_name)) is not null;
end
$$;

-- The order of locks begins with the tables. A session that holds rows of the ledger and only then asks for a
-- queue would wait there behind a purge, which waits for a worker, which waits for the row. So purges wait until
-- the transaction ends.
create or replace function generation_private.lock_queues()
returns void
language plpgsql
as $$
declare
  table_name text;
begin
  for table_name in
    select format('pgmq.%I', prefix || queue_name)
    from unnest(generation_private.queue_names()) with ordinality as q (queue_name, place),
      unnest(array['q_', 'a_']) with ordinality as p (prefix, part)
    order by place, part
  loop
    if to_regclass(table_name) is not null then
      execute format('lock table %s in row exclusive mode', table_name);
    end if;
  end loop;
end
$$;

-- Where a message is, not what it says. Null when there is no such message, or no queue. Its cost is that of a statement
-- that is planned with each call: other conditions come first.
create or replace function generation_private.find_message(queue_name text, message_id bigint)
returns generation_private.queue_message
language plpgsql stable cost 20000
as $$
declare
  found_message generation_private.queue_message;
begin
  if generation_private.queue_exists(queue_name) then
    execute format(
      'select q.msg_id, q.read_ct, q.enqueued_at, q.vt, null, null from pgmq.%I as q where q.msg_id = $1',
      'q_' || queue_name
    ) into found_message using message_id;
  end if;
  return found_message;
end
$$;

-- Likewise, and locked. With skip_locked: null when another session has locked it.
create or replace function generation_private.lock_message(
  queue_name text,
  message_id bigint,
  skip_locked boolean default false
)
returns generation_private.queue_message
language plpgsql
as $$
declare
  locked generation_private.queue_message;
begin
  if skip_locked then
    execute format(
      'select q.msg_id, q.read_ct, q.enqueued_at, q.vt, null, null from pgmq.%I as q
        where q.msg_id = $1
          for update skip locked',
      'q_' || queue_name
    ) into locked using message_id;
  elsif queue_name = 'image_generation_queue' then
    select q.msg_id, q.read_ct, q.enqueued_at, q.vt, null, null into locked
    from pgmq.q_image_generation_queue as q
    where q.msg_id = message_id
    for update;
  else
    select q.msg_id, q.read_ct, q.enqueued_at, q.vt, null, null into locked
    from pgmq.q_video_generation_queue as q
    where q.msg_id = message_id
    for update;
  end if;
  return locked;
end
$$;

create or replace function generation_private.read_message(queue_name text, message_id bigint)
returns generation_private.queue_message
language plpgsql stable
as $$
declare
  found_message generation_private.queue_message;
begin
  execute format(
    'select q.msg_id, q.read_ct, q.enqueued_at, q.vt,
            case when unreadable.why is null then q.message else generation_private.message_excerpt(q.message) end,
            unreadable.why
       from pgmq.%I as q
      cross join lateral generation_private.rejection_reason(q.message) as unreadable (why)
      where q.msg_id = $1',
    'q_' || queue_name
  ) into found_message using message_id;
  return found_message;
end
$$;

-- As it is, whether it can be read or not.
create or replace function generation_private.lease_message(
  queue_name text,
  message_id bigint,
  lease_seconds integer
)
returns generation_private.queue_message
language plpgsql
as $$
declare
  visible_at constant timestamptz := clock_timestamp() + make_interval(secs => lease_seconds);
  leased generation_private.queue_message;
begin
  if queue_name = 'image_generation_queue' then
    update pgmq.q_image_generation_queue as q
    set vt = visible_at, read_ct = q.read_ct + 1
    where q.msg_id = message_id
    returning q.msg_id, q.read_ct, q.enqueued_at, q.vt, q.message, null into leased;
  else
    update pgmq.q_video_generation_queue as q
    set vt = visible_at, read_ct = q.read_ct + 1
    where q.msg_id = message_id
    returning q.msg_id, q.read_ct, q.enqueued_at, q.vt, q.message, null into leased;
  end if;
  return leased;
end
$$;

create or replace function generation_private.judge_message(held generation_private.queue_message)
returns generation_private.queue_message
language plpgsql
as $$
begin
  held.rejection := generation_private.rejection_reason(held.message);
  if held.rejection is not null then
    held.message := generation_private.message_excerpt(held.message);
  end if;
  return held;
end
$$;

-- The visible messages of the highest priority, of these the oldest, locked; those that another session has locked
-- are skipped. One plan does for any quantity: the one that reads the index in its order, and sorts nothing.
create or replace function generation_private.lock_next_messages(queue_name text, quantity integer)
returns bigint[]
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_sort = off
as $$
begin
  if queue_name = 'image_generation_queue' then
    return array(
      select q.msg_id
      from pgmq.q_image_generation_queue as q
      where q.vt <= clock_timestamp()
      order by generation_private.message_priority(q.message) desc, q.msg_id
      limit quantity
      for update skip locked
    );
  end if;
  return array(
    select q.msg_id
    from pgmq.q_video_generation_queue as q
    where q.vt <= clock_timestamp()
    order by generation_private.message_priority(q.message) desc, q.msg_id
    limit quantity
    for update skip locked
  );
end
$$;

create or replace function generation_private.hide_message(
  queue_name text,
  message_id bigint,
  seconds double precision
)
returns void
language plpgsql
as $$
declare
  visible_at constant timestamptz := clock_timestamp() + make_interval(secs => seconds);
begin
  if queue_name = 'image_generation_queue' then
    update pgmq.q_image_generation_queue as q set vt = visible_at where q.msg_id = message_id;
  else
    update pgmq.q_video_generation_queue as q set vt = visible_at where q.msg_id = message_id;
  end if;
end
$$;

-- As pgmq.archive does, which plans its statement anew for each message; an older copy is replaced (see below).
create or replace function generation_private.archive_message(queue_name text, message_id bigint)
returns void
language plpgsql
as $$
begin
  if queue_name = 'image_generation_queue' then
    with archived as (
      delete from pgmq.q_image_generation_queue as q
      where q.msg_id = message_id
      returning q.msg_id, q.vt, q.read_ct, q.enqueued_at, q.message, q.headers
    )
    insert into pgmq.a_image_generation_queue (msg_id, vt, read_ct, enqueued_at, message, headers, archived_at)
    select a.msg_id, a.vt, a.read_ct, a.enqueued_at, a.message, a.headers, clock_timestamp() from archived as a
    on conflict (msg_id) do update
    set vt = excluded.vt, read_ct = excluded.read_ct, enqueued_at = excluded.enqueued_at, message = excluded.message,
      headers = excluded.headers, archived_at = excluded.archived_at;
  else
    with archived as (
      delete from pgmq.q_video_generation_queue as q
      where q.msg_id = message_id
      returning q.msg_id, q.vt, q.read_ct, q.enqueued_at, q.message, q.headers
    )
    insert into pgmq.a_video_generation_queue (msg_id, vt, read_ct, enqueued_at, message, headers, archived_at)
    select a.msg_id, a.vt, a.read_ct, a.enqueued_at, a.message, a.headers, clock_timestamp() from archived as a
    on conflict (msg_id) do update
    set vt = excluded.vt, read_ct = excluded.read_ct, enqueued_at = excluded.enqueued_at, message = excluded.message,
      headers = excluded.headers, archived_at = excluded.archived_at;
  end if;
end
$$;

-- The first visible messages of some of the jobs, locked if that is asked for:
--   line         those that name this model ('' is none), wait for that one ('' is none), and have nothing submitted;
--   end of line  likewise, from the end;
--   not_offered  those that name a model between these two, which the worker does not have. It fails them, so they count
--                for no model, and the order of the index will do;
--   not_offered_last  likewise, above the last one;
--   named        likewise, for a worker that does not say which models it has: in their order;
--   submitted    those that have an operation, or an intent. Polling on, or finding out that a submission is uncertain,
--                begins nothing: they count for no model;
--   overdue      those that could be claimed before that time, whose lines may be closed. The worker ends them, so they
--                count for no model either.
-- Each message is looked up by itself: a join of all of them would be taken for cheaper.
--
-- A claim asks a dozen times, and to plan a statement takes longer than to run it. So there is one for each queue and kind of
-- jobs, written here from one text, with one plan: the one that reads the index in its order.
do $$
declare
  begun_later constant text := 'j.operation is null and j.submission_started_at is null';
  of_line constant text := format(
    'j.requested_model = first_messages.requested_model and j.waits_for = first_messages.waits_for and %s', begun_later
  );
  statements text;
begin
  select string_agg(format(
    'if queue_name = %1$L and jobs = %2$L and locked = %3$L then
       return query
       select j.msg_id, j.priority, j.turn, %4$s, q.vt, j.troubles + j.own_troubles
       from public.generation_jobs as j
       cross join lateral (
         select m.message, m.vt
         from pgmq.%5$I as m
         where m.msg_id = j.msg_id and m.enqueued_at = j.enqueued_at and m.vt <= clock_timestamp()
         limit 1
         %6$s
       ) as q
       where j.queue = %1$L and j.finished_at is null and %7$s
       limit quantity;
     end if;',
    q.name, kind.jobs, l.locked,
    case when kind.jobs in ('line', 'end of line') then 'generation_private.message_model(q.message)' else 'null::text' end,
    'q_' || q.name, case when l.locked then 'for update skip locked' end, kind.condition
  ), E'\n')
  into statements
  from unnest(generation_private.queue_names()) as q (name)
  cross join unnest(array[true, false]) as l (locked)
  cross join (values
    ('line', of_line || ' order by (-j.priority), j.turn, j.msg_id'),
    ('end of line', of_line || ' order by (-j.priority) desc, j.turn desc, j.msg_id desc'),
    ('not_offered', 'j.requested_model > above and j.requested_model < below and ' || begun_later || '
       order by j.requested_model, j.waits_for, (-j.priority), j.turn, j.msg_id'),
    ('not_offered_last', 'j.requested_model > above and ' || begun_later || '
       order by j.requested_model, j.waits_for, (-j.priority), j.turn, j.msg_id'),
    ('named', 'j.requested_model > above and ' || begun_later || ' order by (-j.priority), j.turn, j.msg_id'),
    ('submitted', '(j.operation is not null or j.submission_started_at is not null) order by (-j.priority), j.msg_id'),
    ('overdue', 'j.status = ''queued'' and j.pending_since <= pending_before and j.submission_started_at is null
       order by j.pending_since')
  ) as kind (jobs, condition);

  execute format(
    'create or replace function generation_private.first_messages(
       queue_name text,
       jobs text,
       quantity integer,
       locked boolean,
       requested_model text default null,
       waits_for text default null,
       pending_before timestamptz default null,
       above text default null,
       below text default null
     )
     returns table (msg_id bigint, priority integer, turn bigint, model text, vt timestamptz, troubles integer)
     language plpgsql
     set plan_cache_mode = force_generic_plan
     set enable_seqscan = off
     set enable_sort = off
     as %L',
    'begin ' || statements || ' end'
  );
end
$$;

-- Makes the messages of jobs that wait for a model visible. A message that was claimed meanwhile has been read again.
create or replace function generation_private.show_messages(queue_name text, model text)
returns void
language plpgsql
as $$
begin
  if not generation_private.queue_exists(queue_name) then
    return;
  end if;
  execute format(
    'update pgmq.%1$I as q
        set vt = clock_timestamp()
      where q.msg_id in (
          select m.msg_id
            from public.generation_jobs as j
            join pgmq.%1$I as m on m.msg_id = j.msg_id and m.enqueued_at = j.enqueued_at
           where j.queue = $1
             and j.waits_for = $2
             and j.waits_for <> ''''
             and j.status in (''queued'', ''waiting'')
             and j.finished_at is null
             and m.read_ct = j.lease_token
             and m.vt > clock_timestamp()
           limit 10000
             for update of m skip locked
        )',
    'q_' || queue_name
  ) using queue_name, model;
end
$$;

-- Visible messages without a live job, among a few hundred from a random place of the queue: to check all would
-- take too long.
create or replace function generation_private.orphaned_messages(queue_name text)
returns setof bigint
language plpgsql
as $$
begin
  return query execute format(
    'select slice.msg_id
       from (
         select q.msg_id, q.enqueued_at, q.vt
           from pgmq.%1$I as q
          where q.msg_id >= (
              -- Ids may be as far apart as they can be, which is more than a bigint holds.
              select greatest(min(e.msg_id), least(max(e.msg_id), min(e.msg_id) + floor(
                  random()::numeric * greatest(max(e.msg_id)::numeric - min(e.msg_id) - $2 + 2, 0)
                )))
                from pgmq.%1$I as e
            )::bigint
          order by q.msg_id
          limit $2
       ) as slice
      where slice.vt <= clock_timestamp()
        and not exists (
          select
            from public.generation_jobs as j
           where j.queue = $1
             and j.msg_id = slice.msg_id
             and j.enqueued_at = slice.enqueued_at
             and j.finished_at is null
        )',
    'q_' || queue_name
  ) using queue_name, 300;
end
$$;

-- The running jobs that a worker has in hand. One whose worker died is visible again when its lease has run out.
create or replace function generation_private.jobs_in_hand(queue_name text)
returns setof uuid
language plpgsql stable
as $$
begin
  return query execute format(
    'select j.id
       from public.generation_jobs as j
       join pgmq.%I as q on q.msg_id = j.msg_id and q.enqueued_at = j.enqueued_at
      where j.queue = $1 and j.status = ''running'' and q.vt > $2',
    'q_' || queue_name
  ) using queue_name, clock_timestamp();
end
$$;

-- How many messages are visible, at most so many, and since when the first of them is. The moment is a parameter:
-- with clock_timestamp() in the statement the index on vt would be of no use.
create or replace function generation_private.visible_messages(
  queue_name text,
  moment timestamptz,
  most integer,
  out quantity integer,
  out since timestamptz
)
language plpgsql stable
as $$
begin
  execute format(
    'select count(*), min(first.vt)
       from (select q.vt from pgmq.%I as q where q.vt <= $1 order by q.vt limit $2) as first',
    'q_' || queue_name
  ) into quantity, since using moment, most;
end
$$;

-- Null for a queue that was dropped. in_hand: hidden, and a worker works on it.
create or replace function generation_private.count_messages(
  queue_name text,
  out visible bigint,
  out hidden bigint,
  out in_hand bigint,
  out oldest_visible_seconds double precision
)
language plpgsql stable parallel restricted
as $$
begin
  if not generation_private.queue_exists(queue_name) then
    return;
  end if;
  execute format(
    'select
       (select count(*) from pgmq.%1$I as q where q.vt <= $1),
       (select count(*) from pgmq.%1$I as q where q.vt > $1),
       -- A sender may name any time, an infinite one too.
       (select extract(epoch from $1 - case when isfinite(q.vt) then q.vt else q.enqueued_at end)
          from pgmq.%1$I as q where q.vt <= $1 order by q.vt limit 1)',
    'q_' || queue_name
  ) into visible, hidden, oldest_visible_seconds using clock_timestamp();
  in_hand := (select count(*) from generation_private.jobs_in_hand(queue_name));
end
$$;

-- The id itself, or the next free one: when the queue was dropped and created again, the id may belong to another
-- message by now, or be about to be given to one.
create or replace function generation_private.free_message_id(queue_name text, message_id bigint)
returns bigint
language plpgsql
as $$
declare
  queue_table constant text := format('pgmq.%I', 'q_' || queue_name);
  ids constant regclass := pg_get_serial_sequence(queue_table, 'msg_id');
  last_id bigint;
  taken boolean;
begin
  execute format('select case when is_called then last_value else 0 end from %s', ids) into last_id;
  execute format('select exists (select from %s as q where q.msg_id = $1)', queue_table)
    into taken using message_id;
  if taken or message_id > last_id or exists (
    select
    from public.generation_jobs as j
    where j.queue = queue_name and j.msg_id = message_id and j.finished_at is null
  ) then
    return nextval(ids);
  end if;
  return message_id;
end
$$;

-- Puts the message of a job on its queue again, by this id: the archived one, whatever it says, or what the ledger
-- has kept of it. Its read_ct goes on from where it was, or a worker that still believes in an old lease would hold it
-- again after the next claim.
create or replace function generation_private.return_message(job public.generation_jobs, message_id bigint)
returns void
language plpgsql
as $$
begin
  execute format(
    'with archived as (
       delete from pgmq.%I as a where a.msg_id = $1 and a.enqueued_at = $2
       returning a.read_ct, a.message, a.headers
     )
     insert into pgmq.%I (msg_id, read_ct, enqueued_at, vt, message, headers)
     overriding system value
     select $3, greatest($4, archived.read_ct, 0), $2, clock_timestamp(),
            case when archived.read_ct is null then $5 else archived.message end, archived.headers
       from (values (1)) as one
       left join archived on true',
    'a_' || job.queue, 'q_' || job.queue
  ) using job.msg_id, job.enqueued_at, message_id, job.lease_token, job.message;
end
$$;

-- Returns how many there were.
create or replace function generation_private.delete_archived(
  queue_name text,
  message_ids bigint[],
  sent_at timestamptz[]
)
returns integer
language plpgsql
as $$
declare
  deleted integer;
begin
  execute format(
    'delete from pgmq.%I as a
      using unnest($1, $2) as removed (msg_id, enqueued_at)
      where a.msg_id = removed.msg_id and a.enqueued_at = removed.enqueued_at',
    'a_' || queue_name
  ) using message_ids, sent_at;
  get diagnostics deleted = row_count;
  return deleted;
end
$$;

-- Archived messages that the ledger does not know: older than the ledger, or deleted from it.
create or replace function generation_private.delete_unknown_archived(
  queue_name text,
  archived_before timestamptz,
  quantity integer
)
returns integer
language plpgsql
as $$
declare
  deleted integer;
begin
  execute format(
    'with unknown as (
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
     )
     delete from pgmq.%1$I as a using unknown where a.msg_id = unknown.msg_id',
    'a_' || queue_name
  ) using queue_name, archived_before, quantity;
  get diagnostics deleted = row_count;
  return deleted;
end
$$;

-- An archive holds each id once. A message that was copied back to its queue, or one whose id is given out a
-- second time, could never be archived, and each claim that comes upon a settled one would fail, for ever. The
-- older copy makes way; the ledger has its message. archive_message does that by itself: only what pgmq archives has the time
-- of its transaction.
create or replace function generation_private.message_archived()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_table_name = 'a_image_generation_queue' then
    delete from pgmq.a_image_generation_queue as a where a.msg_id = new.msg_id;
  else
    delete from pgmq.a_video_generation_queue as a where a.msg_id = new.msg_id;
  end if;
  return new;
end
$$;

create or replace trigger generation_message_archived before insert on pgmq.a_image_generation_queue
  for each row when (new.archived_at = transaction_timestamp()) execute function generation_private.message_archived();
create or replace trigger generation_message_archived before insert on pgmq.a_video_generation_queue
  for each row when (new.archived_at = transaction_timestamp()) execute function generation_private.message_archived();
