create or replace function public.generate_image(
  storyboard_id text,
  scene_id text,
  prompt text,
  request_id text
)
returns uuid
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  me constant text := auth.uid()::text;
  sent uuid;
begin
  if me is null then
    raise exception 'Sign in first.' using errcode = '42501';
  end if;
  if not exists (
    select from public.storyboards as s
    where s.id = generate_image.storyboard_id and s.owner::text = me
  ) then
    raise exception 'You have no such storyboard.' using errcode = '42501';
  end if;
  if coalesce(char_length(prompt), 0) not between 1 and 4000 then
    raise exception 'prompt: expected 1 to 4000 characters.' using errcode = '22023';
  end if;

  -- One call of a user at a time: otherwise two calls at once could both count 20 jobs.
  perform pg_advisory_xact_lock(hashtextextended('generate_image ' || me, 0));
  select e.job_id into sent
  from public.enqueue_generation_job(
    'image_generation_queue',
    jsonb_build_object(
      'owner', me, 'storyboardId', storyboard_id, 'sceneId', scene_id, 'prompt', prompt
    ),
    idempotency_key => request_id
  ) as e;
  if (
    select count(*) from public.generation_jobs as j
    where j.owner = me and j.status in ('queued', 'running', 'waiting')
  ) > 20 then
    raise exception 'You have 20 jobs in progress.' using errcode = 'PT429'; -- HTTP status 429
  end if;
  return sent;
end
$$;
revoke execute on function public.generate_image(text, text, text, text) from public, anon;
grant execute on function public.generate_image(text, text, text, text) to authenticated;
