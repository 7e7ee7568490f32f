-- What is left to decide: the internals, which only the functions in public call, as their owner, and pgmq.

revoke all on all functions in schema generation_private from public;
-- The indexes of the queues call it as the sender.
grant execute on function generation_private.message_priority(jsonb) to public;

do $$
begin
  if to_regrole('service_role') is not null then
    grant usage on schema pgmq to service_role;
    grant select on pgmq.q_image_generation_queue, pgmq.q_video_generation_queue to service_role;
  end if;
end
$$;

-- PostgREST keeps the schema in memory: it reads it again, so that the functions can be called at once.
notify pgrst, 'reload schema';
