-- Taking messages off the queue for a while, in order of priority and within the limits.
--
-- Without limits workers never wait for each other: each takes the next message that no other has locked. With
-- limits their claims come one after the other, each a few milliseconds long, or two would give away the same
-- place.

-- Most messages that are no job are the worker's to judge, field by field. But a claim answers with several
-- messages at once, and one of endless length, or with a number that no JSON reader outside of PostgreSQL takes
-- (1e400), would keep it from its neighbours.
create or replace function generation_private.unreadable(message jsonb)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  longest constant integer := 262144;
  length constant integer := octet_length(message::text);
  prompt_length constant integer := octet_length(message ->> 'prompt');
begin
  if length > longest and prompt_length > 32768 then
    return format('prompt: expected at most 32768 bytes, not %s', prompt_length);
  elsif length > longest then
    return format('message: expected at most %s bytes of JSON, not %s', longest, length);
  elsif message @? '$.** ? (@.type() == "number" && (@ > 1.7e308 || @ < -1.7e308))' then
    return 'message: expected numbers of at most 1.7e308';
  end if;
  return null;
end
$$;
comment on function generation_private.unreadable(jsonb) is
  'Why a message cannot even be handed to a worker, or null if it can.';

create or replace function generation_private.next_messages(
  queue_name text,
  quantity integer,
  default_model text,
  limited_models text[],
  room integer[],
  in_turns boolean
)
returns bigint[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  picked bigint[];
begin
  -- The first few of each line, for which there are indexes, however many wait behind them: each
  -- message is looked up by itself, since a join of all of them would be taken for cheaper. They are put
  -- in order, and of each model as many are left as there is room for.
  execute format(
    $sql$
      with recursive models as (
        select min(j.requested_model) as requested
        from public.generation_jobs as j
        where j.queue = $1
          and j.status in ('queued', 'running')
          and j.operation is null
          and j.submission_started_at is null
        union all
        select (
          select min(j.requested_model)
          from public.generation_jobs as j
          where j.queue = $1
            and j.requested_model > models.requested
            and j.status in ('queued', 'running')
            and j.operation is null
            and j.submission_started_at is null
        )
        from models
        where models.requested is not null
      ),
      candidates as (
        select 'model ' || models.requested as line, first.*
        from models
        cross join lateral (
          select j.msg_id, j.priority, j.turn,
            coalesce(
              generation_private.bare_model(generation_private.message_text(q.message, 'model', 256)), $3
            ) as model
          from public.generation_jobs as j
          cross join lateral (
            select m.message
            from pgmq.%1$I as m
            where m.msg_id = j.msg_id and m.enqueued_at = j.enqueued_at and m.vt <= clock_timestamp()
            limit 1
            for update skip locked
          ) as q
          where j.queue = $1
            and j.requested_model = models.requested
            and j.status in ('queued', 'running')
            and j.operation is null
            and j.submission_started_at is null
          order by (-j.priority), j.turn, j.msg_id
          limit $2
        ) as first
        where not exists (
          select
          from unnest($4, $5) as l(model, room)
          where l.model = coalesce(nullif(models.requested, ''), $3) and l.room = 0
        )
        union all
        -- Polling on, or finding out that nobody knows what was submitted, begins nothing.
        select 'submitted', first.*
        from (
          select j.msg_id, j.priority, j.turn, null::text
          from public.generation_jobs as j
          cross join lateral (
            select
            from pgmq.%1$I as m
            where m.msg_id = j.msg_id and m.enqueued_at = j.enqueued_at and m.vt <= clock_timestamp()
            limit 1
            for update skip locked
          ) as q
          where j.queue = $1
            and j.status in ('queued', 'running', 'waiting')
            and (j.operation is not null or j.submission_started_at is not null)
          order by (-j.priority), j.msg_id
          limit $2
        ) as first
      ),
      -- With a fair share the lines of one priority take turns as well.
      rounds as (
        select c.*, row_number() over (partition by c.line, c.priority order by c.turn, c.msg_id) as round
        from candidates as c
      ),
      places as (
        select r.msg_id, r.model,
          row_number() over (
            order by r.priority desc,
              case when $6 then r.round end,
              case when $6 then served.served_at end nulls first,
              r.msg_id
          ) as place
        from rounds as r
        left join generation_private.lines as served
          on $6 and served.queue = $1 and served.line = r.line and served.priority = r.priority
      ),
      of_models as (
        select p.*, row_number() over (partition by p.model order by p.place) as of_model
        from places as p
      )
      select array_agg(chosen.msg_id order by chosen.place)
      from (
        select o.msg_id, o.place
        from of_models as o
        left join unnest($4, $5) as l(model, room) on l.model = o.model
        where l.model is null or o.of_model <= l.room
        order by o.place
        limit $2
      ) as chosen
    $sql$,
    'q_' || queue_name
  ) into picked using
    queue_name,
    next_messages.quantity,
    next_messages.default_model,
    next_messages.limited_models,
    next_messages.room,
    next_messages.in_turns;
  return coalesce(picked, '{}');
end
$$;
comment on function generation_private.next_messages(text, integer, text, text[], integer[], boolean) is
  'The visible messages that are next inside of the limits, locked: room says how many more jobs may be begun with each '
  'of the limited models, default_model is meant by messages that name none.';

-- With limits messages are found by the ledger, so those that it does not show as live are met here: in a few
-- hundred messages from somewhere in the queue at a time, since looking at all would take too long.
create or replace function generation_private.meet_strays(queue_name text)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  slice constant integer := 300;
  stray_id bigint;
  stray record;
  ended boolean;
  found_new boolean := false;
begin
  for stray_id in execute format(
    $sql$
      select slice.msg_id
      from (
        select q.msg_id, q.enqueued_at, q.vt
        from pgmq.%1$I as q
        where q.msg_id >= (
          select min(e.msg_id) + floor(random() * greatest(max(e.msg_id) - min(e.msg_id) - $2 + 2, 0))
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
            and j.status in ('queued', 'running', 'waiting')
        )
    $sql$,
    'q_' || queue_name
  ) using queue_name, slice loop
    execute format(
      'select q.enqueued_at, q.message from pgmq.%I as q
        where q.msg_id = $1 and q.vt <= clock_timestamp()
          for update skip locked',
      'q_' || queue_name
    ) into stray using stray_id;
    continue when stray.enqueued_at is null;
    select j.finished_at is not null into ended
    from public.generation_jobs as j
    where j.queue = queue_name
      and j.msg_id = stray_id
      and j.enqueued_at = stray.enqueued_at
    order by j.finished_at is null desc
    limit 1;
    if ended then
      perform pgmq.archive(queue_name, stray_id);
    else
      perform generation_private.write_job(
        queue_name, stray_id, stray.enqueued_at, stray.message
      );
      found_new := true;
    end if;
  end loop;
  return found_new;
end
$$;
comment on function generation_private.meet_strays(text) is
  'Archives visible messages whose job has ended, and writes the rows of those that the trigger has missed; says whether '
  'there were any of these.';

create or replace function public.claim_generation_jobs(
  queue_name text,
  lease_seconds integer,
  quantity integer,
  models text[] default null
)
returns table (
  job_id uuid,
  msg_id bigint,
  lease_token integer,
  message jsonb,
  attempts integer,
  operation jsonb,
  operation_age_seconds double precision,
  submission_pending boolean,
  enqueued_at timestamptz,
  retried boolean
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  queue_table text := 'q_' || queue_name;
  remaining integer := claim_generation_jobs.quantity;
  default_model text := generation_private.bare_model(claim_generation_jobs.models[1]);
  limited boolean;
  in_turns boolean := false;
  limited_models text[] := '{}';
  room integer[] := '{}';
  counted boolean[] := '{}';
  picked bigint[] := '{}';
  strays_met boolean := false;
  effective_model text;
  place integer;
  held record;
  job public.generation_jobs;
  written uuid;
  unreadable text;
begin
  perform generation_private.check_queue(queue_name);
  if lease_seconds is null or lease_seconds not between 1 and 43200 then
    raise exception 'lease_seconds: expected 1 to 43200 seconds, got %',
      coalesce(lease_seconds::text, 'null') using errcode = '22023';
  end if;
  if quantity is null or quantity not between 0 and 100 then
    raise exception 'quantity: expected 0 to 100 messages, got %',
      coalesce(quantity::text, 'null') using errcode = '22023';
  end if;
  if models is not null and coalesce(default_model, '') = '' then
    raise exception 'models: expected the names of the worker''s models, the first one first, or null'
      using errcode = '22023';
  end if;

  -- The rows are locked until this claim has taken effect; a message may name any model. These come
  -- before the messages in the order of locks, and nothing else takes them.
  perform
  from public.generation_limits as l
  where l.queue = queue_name
    or (l.model is not null and claim_generation_jobs.models is not null)
  order by l.id
  for no key update;
  limited := found and remaining > 0;
  if limited then
    in_turns := exists (
      select from public.generation_limits as l where l.queue = queue_name
    );
    if models is not null then
      select coalesce(array_agg(r.model), '{}'), coalesce(array_agg(r.room), '{}'),
        coalesce(array_agg(r.counted), '{}')
      into limited_models, room, counted
      from generation_private.model_room(queue_name) as r;
    end if;
  end if;

  while remaining > 0 loop
    if limited then
      if picked = '{}' then
        picked := generation_private.next_messages(
          queue_name, remaining, default_model, limited_models, room, in_turns
        );
      end if;
      if picked = '{}' then
        exit when strays_met or not generation_private.meet_strays(queue_name);
        strays_met := true;
        continue;
      end if;
      execute format(
        'update pgmq.%I as q
            set vt = clock_timestamp() + make_interval(secs => $1),
                read_ct = q.read_ct + 1
          where q.msg_id = $2
         returning q.msg_id, q.read_ct, q.enqueued_at, q.message',
        queue_table
      ) into held using lease_seconds, picked[1];
      picked := picked[2:];
    else
      -- One at a time, because a message that turns out to be settled already must not use up a
      -- place of the quantity. What another worker holds locked is skipped.
      execute format(
        'update pgmq.%1$I as q
            set vt = clock_timestamp() + make_interval(secs => $1),
                read_ct = q.read_ct + 1
          where q.msg_id = (
              select candidate.msg_id
                from pgmq.%1$I as candidate
               where candidate.vt <= clock_timestamp()
               order by generation_private.message_priority(candidate.message) desc, candidate.msg_id
               limit 1
                 for update skip locked
            )
         returning q.msg_id, q.read_ct, q.enqueued_at, q.message',
        queue_table
      ) into held using lease_seconds;
    end if;
    exit when held.msg_id is null;

    select * into job
    from public.generation_jobs
    where queue = queue_name
      and msg_id = held.msg_id
      and enqueued_at = held.enqueued_at
    order by (status in ('queued', 'running', 'waiting')) desc, updated_at desc
    limit 1
    for update;

    if found and job.status not in ('queued', 'running', 'waiting') then
      -- It has been said already what came of this message.
      perform pgmq.archive(queue_name, held.msg_id);
      continue;
    end if;

    if not found then
      -- A message that the trigger has missed.
      written := generation_private.write_job(
        queue_name, held.msg_id, held.enqueued_at, held.message
      );
      select * into strict job from public.generation_jobs where id = written;
    end if;

    unreadable := generation_private.unreadable(held.message);
    if unreadable is not null then
      -- Handed out, it would make the whole answer one that no worker can read.
      update public.generation_jobs as j
      set status = 'failed',
          attempts = j.attempts + 1,
          error_code = 'invalid_message',
          error_message = unreadable,
          finished_at = clock_timestamp(),
          updated_at = clock_timestamp()
      where j.id = job.id;
      perform pgmq.archive(queue_name, held.msg_id);
      continue;
    end if;

    job_id := job.id;
    msg_id := held.msg_id;
    lease_token := held.read_ct;
    message := held.message;
    attempts := job.attempts + 1;
    operation := job.operation;
    operation_age_seconds := extract(epoch from clock_timestamp() - job.submitted_at);
    submission_pending := job.submission_started_at is not null and job.operation is null;
    enqueued_at := held.enqueued_at;
    retried := held.read_ct > 1 or job.started_at is not null;

    effective_model := case when models is not null then coalesce(
      generation_private.bare_model(generation_private.message_text(held.message, 'model', 256)),
      default_model
    ) end;

    -- The attempt counts from here, so that one which dies with its worker has counted. The
    -- message is written again in case somebody corrected it in the queue.
    update public.generation_jobs as j
    set status = 'running',
        lease_token = held.read_ct,
        leased_model = effective_model,
        attempts = j.attempts + 1,
        message = held.message,
        started_at = coalesce(j.started_at, clock_timestamp()),
        updated_at = clock_timestamp()
    where j.id = job.id;

    if limited and operation is null and not submission_pending then
      place := array_position(limited_models, effective_model);
      if place is not null then
        room[place] := room[place] - 1;
        if counted[place] then
          insert into generation_private.requests (granted_at, model, job_id, lease_token)
          values (clock_timestamp(), effective_model, job_id, lease_token);
        end if;
      end if;
    end if;
    if in_turns then
      insert into generation_private.lines as l (queue, line, priority, turn, served_at)
      values (
        queue_name,
        case when operation is null and not submission_pending
          then 'model ' || job.requested_model else 'submitted' end,
        job.priority, job.turn, clock_timestamp()
      )
      on conflict on constraint lines_pkey do update
      set turn = greatest(l.turn, excluded.turn), served_at = excluded.served_at;
    end if;

    remaining := remaining - 1;
    return next;
  end loop;
end
$$;
comment on function public.claim_generation_jobs(text, integer, integer, text[]) is
  'Takes up to quantity (0 to 100) visible messages, highest priority first, then oldest, and hides them for '
  'lease_seconds (1 to 43200). models: those of the worker, in order; a job is counted for the model that its message '
  'names, else for the first of them. The limits in generation_limits may leave visible messages unclaimed; without '
  'models those of models do not apply. A message of more than 256 KiB, or with a number that is none elsewhere, fails '
  'here as invalid_message. One row a job: lease_token is to be named in every later write; attempts includes this one; '
  'operation is what an earlier run recorded, operation_age_seconds how long ago; submission_pending means that a paid '
  'submission was announced and nobody knows whether it was made; retried means that the job was claimed before.';
select generation_private.only_service_role('public.claim_generation_jobs(text, integer, integer, text[])');
