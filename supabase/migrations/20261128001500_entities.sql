-- The scenes and characters that assets belong to.

-- For a project that has no table of them yet. A table that exists is left exactly as it is: its columns, its
-- rights and its policies are its owner's.
do $$
begin
  if to_regclass('public.kv_store_7ee7668a') is null then
    create table public.kv_store_7ee7668a (
      key text primary key,
      value jsonb not null
    );
    -- For those of one storyboard.
    create index kv_store_7ee7668a_key on public.kv_store_7ee7668a (key text_pattern_ops);
    comment on table public.kv_store_7ee7668a is
      'Scenes (scene:{storyboardId}:{sceneId}) and characters (character:{storyboardId}:{characterId}).';
    alter table public.kv_store_7ee7668a enable row level security;
    perform generation_private.grant_to_service_role('select, insert, update, delete', 'table public.kv_store_7ee7668a');
  end if;
end
$$;

-- Writes an asset's URL onto its entity. This is the one function that a project with tables of its own replaces,
-- so it is created only when it is missing: running the migrations again keeps the project's own.
do $migration$
begin
  if to_regprocedure('public.link_generated_asset(text, text, text, timestamptz)') is null then
    create function public.link_generated_asset(
      entity_key text,
      asset_kind text,
      asset_url text,
      generated_at timestamptz
    )
    returns text
    language plpgsql security definer
    set search_path = pg_catalog, pg_temp
    as $$
    declare
      checked constant boolean := generation_private.check_given('entity_key', entity_key, 'the key of an entity')
        and generation_private.check_given('asset_url', asset_url, 'the URL of the asset');
      written_at constant text :=
        to_char(generated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
      value_type text;
    begin
      if asset_kind is null or asset_kind not in ('image', 'video') then
        raise exception 'asset_kind: expected image or video, got %',
          coalesce(quote_literal(asset_kind), 'null') using errcode = '22023';
      end if;
      if generated_at is null or not isfinite(generated_at) then
        raise exception 'generated_at: expected a time, got %', coalesce(generated_at::text, 'null')
          using errcode = '22023';
      end if;

      -- Merged in place, never read and written back: the entity may be edited meanwhile.
      update public.kv_store_7ee7668a as entity
      set value = entity.value || jsonb_build_object(
        asset_kind || 'Url', asset_url,
        asset_kind || 'GeneratedAt', written_at,
        'updatedAt', written_at
      )
      where entity.key = entity_key and jsonb_typeof(entity.value) = 'object';
      if found then
        return 'linked';
      end if;

      select coalesce(jsonb_typeof(entity.value), 'null') into value_type
      from public.kv_store_7ee7668a as entity
      where entity.key = entity_key;
      if found then
        raise exception 'the value is no JSON object but %', value_type;
      end if;
      return 'not_found';
    end
    $$;
    comment on function public.link_generated_asset(text, text, text, timestamptz) is
      'Writes the URL of a generated asset (asset_kind image or video) onto the entity with this key, as imageUrl and '
      'imageGeneratedAt or videoUrl and videoGeneratedAt, and updatedAt. Returns linked or not_found; an error undoes '
      'the completion of the job. Replace it to keep entities elsewhere.';
  end if;
end
$migration$;
select generation_private.grant_to_service_role('execute', 'function public.link_generated_asset(text, text, text, timestamptz)');

-- The scene or character that a job's asset belongs to; null when there is none.
create or replace function generation_private.entity_key(job public.generation_jobs, slot text)
returns text
language sql immutable
return slot || ':' || job.storyboard_id || ':' || case slot when 'scene' then job.scene_id else job.character_id end;

-- The entities that a job's asset belongs to: none, a character, a scene, or both. In the order of their keys, which
-- is the order in which they are locked.
create or replace function generation_private.entity_slots(job public.generation_jobs)
returns table (slot text, key text)
language sql immutable
begin atomic
  select s.slot, generation_private.entity_key(job, s.slot)
  from (values ('character'), ('scene')) as s (slot)
  where generation_private.entity_key(job, s.slot) is not null;
end;
