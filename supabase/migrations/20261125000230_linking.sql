-- Linking without a URL or a time would write null where an entity has its asset.
--
-- A project may have put a function of its own in the place of ours: only the one that the migrations
-- brought is replaced.

do $migration$
begin
  if (
    select md5(p.prosrc) = '41a5a55240314045a602d9a76d703c80'
    from pg_catalog.pg_proc as p
    where p.oid = 'public.link_generated_asset(text, text, text, timestamptz)'::regprocedure
  ) then
    create or replace function public.link_generated_asset(
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
  end if;
end
$migration$;
