-- What a sender may say besides what is to be made: whose job it is, how soon it is wanted, and by which
-- model. It is in the message, so plain pgmq.send is enough; here it becomes columns.
--
-- A trigger fills them: they also depend on who is signed in, and a correction of the message must not change
-- the owner.

-- What auth.uid() reads, which not every database has.
create or replace function generation_private.signed_in_user()
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  claims constant text := nullif(current_setting('request.jwt.claims', true), '');
begin
  if claims is null then
    return left(nullif(current_setting('request.jwt.claim.sub', true), ''), 256);
  end if;
  begin
    return left(nullif(claims::jsonb ->> 'sub', ''), 256);
  exception when others then
    return null; -- no JSON: nobody's claims, and no reason to refuse a message
  end;
end
$$;
comment on function generation_private.signed_in_user() is
  'The id of the signed-in user on whose behalf PostgREST runs this transaction; null for anybody else.';

create or replace function generation_private.read_sender_fields()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  new.priority := generation_private.message_priority(new.message);
  new.requested_model := coalesce(
    generation_private.bare_model(generation_private.message_text(new.message, 'model', 256)), ''
  );
  if tg_op = 'INSERT' then
    new.owner := coalesce(
      generation_private.message_text(new.message, 'owner', 256), generation_private.signed_in_user()
    );
  end if;
  return new;
end
$$;
comment on function generation_private.read_sender_fields() is
  'Trigger: a message came into the ledger, or was corrected in the queue.';

create or replace trigger generation_job_fields
  before insert or update of message on public.generation_jobs
  for each row execute function generation_private.read_sender_fields();
