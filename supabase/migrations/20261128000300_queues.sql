-- The two queues. One that is there is kept, with its messages.

do $$
declare
  queue text;
begin
  foreach queue in array array['image_generation_queue', 'video_generation_queue'] loop
    if to_regclass(format('pgmq.%I', 'q_' || queue)) is null then
      perform pgmq.create(queue);
    end if;
  end loop;
end
$$;

-- Table names are built from a queue name only after this function has let it through.
create or replace function generation_private.check_queue(queue_name text)
returns void
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if queue_name is null or queue_name not in ('image_generation_queue', 'video_generation_queue') then
    raise exception 'queue_name: expected image_generation_queue or video_generation_queue, got %',
      coalesce(quote_literal(left(queue_name, 100)), 'null')
      using errcode = '22023';
  end if;
end
$$;
comment on function generation_private.check_queue(text) is
  'Raises 22023 unless the name is one of the two generation queues.';

-- Inlined by the planner, so that a filter or a limit reaches the indexes of the queues. (Hence without a
-- search path of its own.)
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
language sql
stable
as $$
  select 'image_generation_queue', 'image', q.msg_id, q.enqueued_at, q.vt, q.read_ct, q.message
  from pgmq.q_image_generation_queue as q
  union all
  select 'video_generation_queue', 'video', q.msg_id, q.enqueued_at, q.vt, q.read_ct, q.message
  from pgmq.q_video_generation_queue as q
$$;
comment on function generation_private.queue_messages() is 'The messages on both queues; the views show them.';
select generation_private.only_service_role('generation_private.queue_messages()');
