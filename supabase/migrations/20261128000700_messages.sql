-- pgmq's tables.

-- The order of locks begins with the tables. A session that holds rows of the ledger and only then asks for a
-- queue would wait there behind a purge, which waits for a worker, which waits for the row.
create or replace function generation_private.lock_queues()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  name text;
begin
  foreach name in array array[
    'q_image_generation_queue', 'a_image_generation_queue',
    'q_video_generation_queue', 'a_video_generation_queue'
  ] loop
    if to_regclass(format('pgmq.%I', name)) is not null then
      execute format('lock table pgmq.%I in row exclusive mode', name);
    end if;
  end loop;
end
$$;
comment on function generation_private.lock_queues() is
  'Makes purges wait until the transaction ends; for those who lock rows of the ledger before they touch a queue.';

-- An archive holds each id once. A message that was copied back to its queue, or one whose id is given out a
-- second time, could never be archived: and each claim that comes upon a settled one would fail, for ever.
-- The older copy makes room; the ledger has its message.
create or replace function generation_private.message_archived()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('delete from pgmq.%I as a where a.msg_id = $1', tg_argv[0]) using new.msg_id;
  return new;
end
$$;
comment on function generation_private.message_archived() is
  'Trigger: a message comes into the archive named by the argument; one with the same id gives way.';

do $$
declare
  archive_table text;
begin
  foreach archive_table in array array['a_image_generation_queue', 'a_video_generation_queue'] loop
    execute format(
      'create or replace trigger generation_message_archived before insert on pgmq.%I
         for each row execute function generation_private.message_archived(%L)',
      archive_table, archive_table
    );
  end loop;
end
$$;
