-- What a sender may say besides what to generate: the owner of the job, its priority and its model. They are fields
-- of the message, so plain pgmq.send is enough; here they become columns.
--
-- A trigger fills them: they also depend on the signed-in user. correct_message writes what changes when an operator
-- corrects a message in its queue. No trigger comes before the updates of a row: with one, each update would read the
-- fields of the generated columns again.

-- The id of the user for whom PostgREST runs this transaction, or null. It is what auth.uid() reads, which not
-- every database has.
create or replace function generation_private.signed_in_user()
returns text
language plpgsql stable
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
    return null; -- not JSON: no user's claims, and no reason to refuse a message
  end;
end
$$;

create or replace function generation_private.read_sender_fields()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  new.priority := generation_private.message_priority(new.message);
  new.requested_model := coalesce(generation_private.message_model(new.message), '');
  new.owner := coalesce(
    generation_private.message_text(new.message, 'owner', 256), generation_private.signed_in_user()
  );
  return new;
end
$$;

create or replace trigger generation_job_fields
  before insert on public.generation_jobs
  for each row execute function generation_private.read_sender_fields();

-- The message of a job is another one now. Its owner stays.
create or replace function generation_private.correct_message(job_id uuid, corrected jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  update public.generation_jobs as j
  set message = corrected,
      priority = generation_private.message_priority(corrected),
      requested_model = coalesce(generation_private.message_model(corrected), '')
  where j.id = job_id;
end
$$;
