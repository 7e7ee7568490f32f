-- What is left to close: the internals, which only the functions in public call, as their owner.
revoke all on all functions in schema generation_private from public;
select generation_private.only_service_role(callable)
from unnest(array[
  'generation_private.image_queue_messages()',
  'generation_private.video_queue_messages()'
]::regprocedure[]) as callable;

-- PostgREST keeps the schema in memory: it looks again, so that the functions can be called at once.
notify pgrst, 'reload schema';
