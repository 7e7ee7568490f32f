-- Queue depth and pending messages under the names that people's scripts use.
--
-- The views read through functions instead of the tables themselves. That makes them read-only
-- (a delete from the view must not delete messages), and lets pgmq.drop_queue drop the table,
-- which a view over it would forbid. The planner inlines such a function, so nothing is lost.

create or replace function generation_private.image_queue_messages()
returns table (msg_id bigint, enqueued_at timestamptz, vt timestamptz, read_ct integer, message jsonb)
language sql
stable
as $$
  select q.msg_id, q.enqueued_at, q.vt, q.read_ct, q.message from pgmq.q_image_generation_queue as q
$$;
comment on function generation_private.image_queue_messages() is
  'The messages on the image queue; the view pgmq.image_generation_queue shows them.';

create or replace function generation_private.video_queue_messages()
returns table (msg_id bigint, enqueued_at timestamptz, vt timestamptz, read_ct integer, message jsonb)
language sql
stable
as $$
  select q.msg_id, q.enqueued_at, q.vt, q.read_ct, q.message from pgmq.q_video_generation_queue as q
$$;
comment on function generation_private.video_queue_messages() is
  'The messages on the video queue; the view pgmq.video_generation_queue shows them.';

create or replace view pgmq.image_generation_queue as
  select msg_id, enqueued_at, vt, read_ct, message from generation_private.image_queue_messages();
comment on view pgmq.image_generation_queue is
  'The messages on the image queue. Looking does not take them off it.';

create or replace view pgmq.video_generation_queue as
  select msg_id, enqueued_at, vt, read_ct, message from generation_private.video_queue_messages();
comment on view pgmq.video_generation_queue is
  'The messages on the video queue. Looking does not take them off it.';

select generation_private.only_service_role('generation_private.image_queue_messages()');
select generation_private.only_service_role('generation_private.video_queue_messages()');

do $$
declare
  relation text;
  role_name text;
begin
  foreach relation in array array['pgmq.image_generation_queue', 'pgmq.video_generation_queue'] loop
    execute format('revoke all on %s from public', relation);
    for role_name in
      select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')
    loop
      execute format('revoke all on %s from %I', relation, role_name);
    end loop;
  end loop;
  if exists (select from pg_roles where rolname = 'service_role') then
    grant usage on schema pgmq to service_role;
    grant select on pgmq.image_generation_queue, pgmq.video_generation_queue,
      pgmq.q_image_generation_queue, pgmq.q_video_generation_queue to service_role;
  end if;
end
$$;
