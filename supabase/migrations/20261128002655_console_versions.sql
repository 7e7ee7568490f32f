-- What was made for one scene or character, without the messages: each may be as long as a message can be.

create or replace function public.generation_versions(storyboard_id text, slot text, id text)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform generation_private.check_given('storyboard_id', storyboard_id, 'the id of a storyboard');
  perform generation_private.check_given('id', id, 'the id of a scene or character');
  if slot is null or slot not in ('scene', 'character') then
    raise exception 'slot: expected scene or character' using errcode = '22023';
  end if;
  return generation_private.bounded_list(
    'versions',
    array(
      select generation_private.version_of(j.id)
        || jsonb_build_object('kind', j.kind, 'status', j.status, 'model', j.model, 'cost_usd', j.cost_usd)
      from public.generation_jobs as j
      where j.storyboard_id = generation_versions.storyboard_id
        and j.finished_at is not null
        and case slot when 'scene' then j.scene_id else j.character_id end = generation_versions.id
      order by j.enqueued_at desc, j.msg_id desc
      limit 201
    ),
    200
  );
end
$$;
comment on function public.generation_versions is
  'The jobs that have ended for a scene or character (slot: scene or character) of a storyboard, newest first, as one JSON '
  'object: versions, each with job_id, kind, status, url, prompt and source (the first source image), entities, model, cost_usd, '
  'error_code, error_message and finished_at; and more: whether there are others than these. At most 200 and 4 MB.';
select generation_private.grant_to_service_role('execute', 'function public.generation_versions');
