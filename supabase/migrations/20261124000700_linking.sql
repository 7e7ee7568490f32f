-- Writing an asset's URL onto the entity it belongs to.
--
-- This is the one function that a project with tables of its own replaces. It is therefore
-- created only when it is missing: running the migrations again keeps a project's own.

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
    set search_path = ''
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
