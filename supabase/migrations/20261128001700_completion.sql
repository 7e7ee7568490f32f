-- The asset is stored: link it, close the ledger row and archive the message, all or nothing.

create or replace function public.complete_generation_job(
  queue_name text,
  msg_id bigint,
  lease_token integer,
  object_path text,
  asset_url text,
  content_type text,
  model text,
  usage jsonb,
  cost_usd numeric
)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  locked record;
  job public.generation_jobs;
  newest public.generation_jobs;
  entity record;
  outcome text;
  linked jsonb := '[]';
  now_done constant timestamptz := clock_timestamp();
begin
  if coalesce(complete_generation_job.object_path, '') = '' then
    raise exception 'object_path: expected the path of the stored object, got nothing' using errcode = '22023';
  end if;
  if coalesce(complete_generation_job.asset_url, '') = '' then
    raise exception 'asset_url: expected the URL of the stored object, got nothing' using errcode = '22023';
  end if;
  perform generation_private.check_length('object_path', complete_generation_job.object_path, 1024);
  perform generation_private.check_length('asset_url', complete_generation_job.asset_url, 4096);
  perform generation_private.check_length('content_type', complete_generation_job.content_type, 256);
  perform generation_private.check_length('model', complete_generation_job.model, 256);
  -- NaN is greater than every number.
  if not (complete_generation_job.cost_usd >= 0 and round(complete_generation_job.cost_usd, 6) < 1000000) then
    raise exception 'cost_usd: expected 0 to 999999 US dollars or null, got %', complete_generation_job.cost_usd
      using errcode = '22023';
  end if;

  select * into locked from generation_private.lock_job(
    queue_name, complete_generation_job.msg_id, complete_generation_job.lease_token
  );
  job := locked.job;
  if job.status = 'succeeded' then
    return jsonb_build_object(
      'held', true,
      'entities', job.entities,
      'publications', generation_private.publications(job)
    );
  end if;
  if not locked.held then
    return jsonb_build_object('held', false);
  end if;

  for entity in select slots.slot, slots.key from generation_private.entity_slots(job) as slots loop
    -- Two jobs of one entity that finish together decide one after the other who is newer.
    perform pg_advisory_xact_lock(hashtextextended(job.kind || ':' || entity.key, 0));
    newest := generation_private.newest_result(job, entity.slot);
    if (newest.enqueued_at, newest.msg_id) > (job.enqueued_at, job.msg_id) then
      outcome := 'superseded';
    else
      begin
        outcome := public.link_generated_asset(
          entity.key, job.kind, complete_generation_job.asset_url, now_done
        );
      exception
        when transaction_rollback then
          raise; -- a deadlock or a serialization failure says nothing about the entity
        when others then
          raise exception 'Error updating entity %: %', entity.key, sqlerrm using errcode = 'GJ001';
      end;
    end if;
    linked := linked
      || jsonb_build_object('slot', entity.slot, 'key', entity.key, 'outcome', outcome);
  end loop;

  update public.generation_jobs as j
  set status = 'succeeded',
      object_path = complete_generation_job.object_path,
      asset_url = complete_generation_job.asset_url,
      content_type = complete_generation_job.content_type,
      model = complete_generation_job.model,
      usage = complete_generation_job.usage,
      cost_usd = complete_generation_job.cost_usd,
      entities = linked,
      publication_pending = jsonb_array_length(linked) > 0,
      error_code = null,
      error_message = null,
      finished_at = now_done,
      updated_at = now_done
  where j.id = job.id
  returning * into job;
  perform pgmq.archive(queue_name, complete_generation_job.msg_id);

  return jsonb_build_object(
    'held', true,
    'entities', linked,
    'publications', generation_private.publications(job)
  );
end
$$;
comment on function public.complete_generation_job(text, bigint, integer, text, text, text, text, jsonb, numeric) is
  'Settles a job whose asset is stored at object_path and readable at asset_url: links it to its entities, closes the '
  'ledger row, archives the message, all in one transaction. cost_usd in US dollars. Answers held, entities (slot, key, '
  'outcome: linked, not_found, or superseded by a newer enqueued job) and publications (slot, object_path, '
  'content_type: what the entity''s current object has to be a copy of). {"held": false}: the lease is not held, nothing '
  'changed. Error GJ001: linking failed, nothing changed.';
select generation_private.only_service_role(
  'public.complete_generation_job(text, bigint, integer, text, text, text, text, jsonb, numeric)'
);
