-- The two queues. One that exists is kept, with its messages.

create or replace function generation_private.queue_names()
returns text[]
language sql immutable parallel safe
return array['image_generation_queue', 'video_generation_queue'];
select generation_private.grant_to_service_role('execute', 'function generation_private.queue_names()');

do $$
begin
  perform pgmq.create(queue_name)
  from unnest(generation_private.queue_names()) as queue_name
  where to_regclass(format('pgmq.%I', 'q_' || queue_name)) is null;
end
$$;

create or replace function generation_private.refuse_queue(queue_name text)
returns boolean
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return generation_private.refuse(
    'queue_name',
    array_to_string(generation_private.queue_names(), ' or '),
    coalesce(quote_literal(left(queue_name, 100)), 'null')
  );
end
$$;

-- Table names are built from a queue name only after this function has accepted it.
create or replace function generation_private.check_queue(queue_name text)
returns boolean
language sql immutable
return case
  when queue_name is null or queue_name <> all (generation_private.queue_names())
    then generation_private.refuse_queue(queue_name)
  else true
end;

-- The views read the queues through these three functions instead of the tables. That makes them read-only (a
-- delete from a view must not delete messages), and lets pgmq.drop_queue drop the table, which a view over it
-- would forbid. The planner inlines them, so that a filter or a limit reaches the indexes of the queues:
-- therefore they have no search path of their own.
create or replace function generation_private.image_queue_messages()
returns table (msg_id bigint, enqueued_at timestamptz, vt timestamptz, read_ct integer, message jsonb)
language sql stable
as $$
  select q.msg_id, q.enqueued_at, q.vt, q.read_ct, q.message from pgmq.q_image_generation_queue as q
$$;
select generation_private.grant_to_service_role('execute', 'function generation_private.image_queue_messages()');

create or replace function generation_private.video_queue_messages()
returns table (msg_id bigint, enqueued_at timestamptz, vt timestamptz, read_ct integer, message jsonb)
language sql stable
as $$
  select q.msg_id, q.enqueued_at, q.vt, q.read_ct, q.message from pgmq.q_video_generation_queue as q
$$;
select generation_private.grant_to_service_role('execute', 'function generation_private.video_queue_messages()');

create or replace function generation_private.queue_messages()
returns table (
  queue text,
  kind text,
  msg_id bigint,
  enqueued_at timestamptz,
  vt timestamptz,
  read_ct integer,
  message jsonb
)
language sql stable
as $$
  select 'image_generation_queue', 'image', q.msg_id, q.enqueued_at, q.vt, q.read_ct, q.message
  from pgmq.q_image_generation_queue as q
  union all
  select 'video_generation_queue', 'video', q.msg_id, q.enqueued_at, q.vt, q.read_ct, q.message
  from pgmq.q_video_generation_queue as q
$$;
select generation_private.grant_to_service_role('execute', 'function generation_private.queue_messages()');
