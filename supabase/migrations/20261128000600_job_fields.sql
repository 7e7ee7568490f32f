-- The columns that a job has from its message: what it is for, its priority, its model, and its owner, who may also be
-- the signed-in user. They are fields of the message, so plain pgmq.send is enough.
--
-- A trigger fills them when the row is inserted, and correct_message when an operator has corrected the message in its
-- queue. No trigger comes before the updates of a row: with one, each would lock and read the row once more.

-- The id of the user for whom PostgREST runs this transaction, or null. It is what auth.uid() reads, which not
-- every database has.
create or replace function generation_private.signed_in_user()
returns text
language plpgsql stable
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

create or replace function generation_private.read_message_fields()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Another queue has no kind, and a row needs one.
  new.kind := case new.queue when 'image_generation_queue' then 'image' when 'video_generation_queue' then 'video' end;
  new.storyboard_id := generation_private.message_text(new.message, 'storyboardId', 256);
  new.scene_id := generation_private.message_text(new.message, 'sceneId', 256);
  new.character_id := generation_private.message_text(new.message, 'characterId', 256);
  new.prompt := generation_private.message_text(new.message, 'prompt', 4000);
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
  for each row execute function generation_private.read_message_fields();

-- Gives a job another message. Its owner stays.
create or replace function generation_private.correct_message(job public.generation_jobs, corrected jsonb)
returns void
language plpgsql
as $$
begin
  update public.generation_jobs as j
  set message = corrected,
      storyboard_id = generation_private.message_text(corrected, 'storyboardId', 256),
      scene_id = generation_private.message_text(corrected, 'sceneId', 256),
      character_id = generation_private.message_text(corrected, 'characterId', 256),
      prompt = generation_private.message_text(corrected, 'prompt', 4000),
      priority = generation_private.message_priority(corrected),
      requested_model = coalesce(generation_private.message_model(corrected), '')
  where j.id = job.id;
end
$$;
