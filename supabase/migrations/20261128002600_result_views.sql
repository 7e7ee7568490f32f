-- What was generated: the objects in Storage, and the entities that show them.
--
-- The tables belong to Storage and to the project. A view right over them would forbid their owners to change them,
-- so the views read them through functions, which look for the tables with each call.

create or replace function generation_private.stored_assets()
returns table (bucket text, name text, bytes bigint, content_type text, created_at timestamptz)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if to_regclass('storage.objects') is null then
    return;
  end if;
  return query
    select o.bucket_id::text, o.name::text, (o.metadata ->> 'size')::bigint, o.metadata ->> 'mimetype',
      o.created_at::timestamptz
    from storage.objects as o
    where o.bucket_id in ('storyboard-images', 'storyboard-videos');
end
$$;
select generation_private.grant_to_service_role('execute', 'function generation_private.stored_assets()');

create or replace view public.generation_assets as
select a.bucket, a.name, a.bytes, a.content_type, a.created_at from generation_private.stored_assets() as a;
comment on view public.generation_assets is
  'The images and videos in Storage: the object of each job, and the current one of each scene and character.';
select generation_private.grant_to_service_role('select', 'table public.generation_assets');

-- A field of an entity, which its project writes: what is no text, and may be nested deeper than PostgreSQL can show, is
-- absent.
create or replace function generation_private.entity_text(value jsonb, field text)
returns text
language sql immutable
return case when jsonb_typeof(value -> field) = 'string' then value ->> field end;

create or replace function generation_private.entity_results()
returns table (
  key text,
  image_url text,
  image_generated_at text,
  video_url text,
  video_generated_at text,
  updated_at text
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if to_regclass('public.kv_store_7ee7668a') is null then
    return;
  end if;
  return query
    select e.key,
      generation_private.entity_text(e.value, 'imageUrl'), generation_private.entity_text(e.value, 'imageGeneratedAt'),
      generation_private.entity_text(e.value, 'videoUrl'), generation_private.entity_text(e.value, 'videoGeneratedAt'),
      generation_private.entity_text(e.value, 'updatedAt')
    from public.kv_store_7ee7668a as e
    where e.key like 'scene:%' or e.key like 'character:%';
end
$$;
select generation_private.grant_to_service_role('execute', 'function generation_private.entity_results()');

create or replace view public.generation_entities as
select e.key, e.image_url, e.image_generated_at, e.video_url, e.video_generated_at, e.updated_at
from generation_private.entity_results() as e;
comment on view public.generation_entities is
  'The scenes and characters with the URLs and times of their assets; the times are text that casts to timestamp.';
select generation_private.grant_to_service_role('select', 'table public.generation_entities');
