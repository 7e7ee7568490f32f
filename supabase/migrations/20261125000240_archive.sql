-- An archive holds each id once. A message that somebody has copied back to its queue, or one whose
-- id is given out a second time, could never be archived: and a claim that comes upon a settled one
-- would fail, for everybody and for ever. The older copy makes room; the ledger has its message.

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
revoke all on function generation_private.message_archived() from public;

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
