-- The scenes and characters that assets belong to.

-- For a project that has no table of them yet. One that is there is left exactly as it is: its columns, its
-- rights and its policies are its owner's.
do $$
declare
  role_name text;
begin
  if to_regclass('public.kv_store_7ee7668a') is null then
    create table public.kv_store_7ee7668a (
      key text primary key,
      value jsonb not null
    );
    comment on table public.kv_store_7ee7668a is
      'Scenes (scene:{storyboardId}:{sceneId}) and characters (character:{storyboardId}:{characterId}).';
    alter table public.kv_store_7ee7668a enable row level security;
    revoke all on table public.kv_store_7ee7668a from public;
    for role_name in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
      execute format('revoke all on table public.kv_store_7ee7668a from %I', role_name);
    end loop;
    if exists (select from pg_roles where rolname = 'service_role') then
      grant select, insert, update, delete on table public.kv_store_7ee7668a to service_role;
    end if;
  end if;
end
$$;

-- Writing an asset's URL onto the entity that it belongs to. This is the one function that a project with tables
-- of its own replaces, so it is created only when it is missing: running the migrations again keeps a project's
-- own.
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
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    as $$
    declare
      written_at constant text :=
        to_char(generated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
      fields jsonb;
      value_type text;
    begin
      if asset_kind is null or asset_kind not in ('image', 'video') then
        raise exception 'asset_kind: expected image or video, got %',
          coalesce(quote_literal(asset_kind), 'null') using errcode = '22023';
      end if;
      if coalesce(entity_key, '') = '' then
        raise exception 'entity_key: expected the key of an entity, got nothing' using errcode = '22023';
      end if;
      if coalesce(asset_url, '') = '' then
        raise exception 'asset_url: expected the URL of the asset, got nothing' using errcode = '22023';
      end if;
      if generated_at is null or not isfinite(generated_at) then
        raise exception 'generated_at: expected a time, got %', coalesce(generated_at::text, 'null')
          using errcode = '22023';
      end if;
      fields := jsonb_build_object(
        asset_kind || 'Url', asset_url,
        asset_kind || 'GeneratedAt', written_at,
        'updatedAt', written_at
      );

      -- Merged in place, never read and written back: somebody may be editing the entity.
      update public.kv_store_7ee7668a as entity
      set value = entity.value || fields
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
      'imageGeneratedAt or videoUrl and videoGeneratedAt, and updatedAt. Answers linked or not_found; an error undoes '
      'the completion of the job. Replace it to keep entities elsewhere.';
  end if;
end
$migration$;
select generation_private.only_service_role('public.link_generated_asset(text, text, text, timestamptz)');

create or replace function generation_private.entity_slots(job public.generation_jobs)
returns table (slot text, key text)
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  -- In the order of their keys, which is the order in which they are locked.
  select 'character', 'character:' || job.storyboard_id || ':' || job.character_id
  where job.storyboard_id is not null and job.character_id is not null
  union all
  select 'scene', 'scene:' || job.storyboard_id || ':' || job.scene_id
  where job.storyboard_id is not null and job.scene_id is not null
$$;
comment on function generation_private.entity_slots(public.generation_jobs) is
  'The entities that a job''s asset belongs to: none, a character, a scene, or both.';
