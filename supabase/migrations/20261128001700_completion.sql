-- The asset is stored: link it, end the job and archive the message, all or nothing.

-- What a job has cost, with what a lost reply of an earlier attempt has probably cost. No sum keeps a job from ending:
-- it stays within its column.
create or replace function generation_private.add_cost(so_far numeric, usd numeric)
returns numeric
language sql immutable
return case
  when so_far + usd > 999999.999999 or usd > 999999.999999 then 999999.999999
  else coalesce(so_far + usd, usd, so_far)
end;

create or replace function generation_private.check_completion(
  object_path text,
  asset_url text,
  content_type text,
  model text,
  usage jsonb,
  cost_usd numeric,
  generation_seconds double precision
)
returns boolean
language sql immutable
return generation_private.check_given('object_path', object_path, 'the path of the stored object')
  and generation_private.check_given('asset_url', asset_url, 'the URL of the stored object')
  and generation_private.check_length('object_path', object_path, 1024)
  and generation_private.check_length('asset_url', asset_url, 4096)
  and generation_private.check_length('content_type', content_type, 256)
  and generation_private.check_length('model', model, 256)
  and generation_private.check_length('usage', usage::text, 65536)
  and generation_private.check_cost('cost_usd', cost_usd)
  and (
    generation_seconds is null
    or generation_private.check_between('generation_seconds', generation_seconds, 0, 86400, 'seconds')
  );

-- Two jobs of one entity that complete, or are chosen, at the same moment decide one after the other which is newer.
create or replace function generation_private.lock_entity(kind text, key text)
returns void
language sql
return pg_advisory_xact_lock(hashtextextended(kind || ':' || key, 0));

-- Links an asset to one entity, unless a newer job has succeeded for it; returns the outcome.
create or replace function generation_private.link_entity(
  job public.generation_jobs,
  slot text,
  key text,
  asset_url text,
  linked_at timestamptz
)
returns text
language plpgsql
as $$
declare
  newest public.generation_jobs;
begin
  perform generation_private.lock_entity(job.kind, key);
  newest := generation_private.newest_result(job, slot);
  if (coalesce(newest.chosen_at, newest.enqueued_at), newest.msg_id)
    > (coalesce(job.chosen_at, job.enqueued_at), job.msg_id)
  then
    return 'superseded';
  end if;
  begin
    return public.link_generated_asset(key, job.kind, asset_url, linked_at);
  exception
    when transaction_rollback then
      raise; -- a deadlock or a serialization failure says nothing about the entity
    when others then
      raise exception 'Error updating entity %: %', key, sqlerrm using errcode = 'GJ001';
  end;
end
$$;

-- Links an asset to all entities of its job; returns slot, key and outcome of each.
create or replace function generation_private.link_entities(
  job public.generation_jobs,
  asset_url text,
  linked_at timestamptz
)
returns jsonb
language plpgsql
as $$
declare
  slot text;
  key text;
  linked jsonb := '[]';
begin
  -- In the order of entity_slots.
  foreach slot in array array['character', 'scene'] loop
    key := generation_private.entity_key(job, slot);
    continue when key is null;
    linked := linked || jsonb_build_object(
      'slot', slot,
      'key', key,
      'outcome', generation_private.link_entity(job, slot, key, asset_url, linked_at)
    );
  end loop;
  return linked;
end
$$;

-- Whether a newer enqueued job of one of its entities is in hand. It may end while this one is copied, so that the older
-- copy lands last.
create or replace function generation_private.is_contended(job public.generation_jobs)
returns boolean
language plpgsql stable
as $$
begin
  return exists (
    select
    from public.generation_jobs as other
    where other.storyboard_id = job.storyboard_id
      and other.status = 'running'
      and other.kind = job.kind
      and (other.scene_id = job.scene_id or other.character_id = job.character_id)
      and (other.enqueued_at, other.msg_id) > (job.enqueued_at, job.msg_id)
  );
end
$$;

-- The job that a lease has completed now or before; null when the lease is not held.
create or replace function generation_private.complete_job(
  queue_name text,
  msg_id bigint,
  lease_token integer,
  object_path text,
  asset_url text,
  content_type text,
  model text,
  usage jsonb,
  cost_usd numeric,
  passed_over text,
  generation_seconds double precision
)
returns public.generation_jobs
language plpgsql
as $$
declare
  completed_at constant timestamptz := clock_timestamp();
  locked record;
  job public.generation_jobs;
  linked jsonb;
begin
  locked := generation_private.lock_job(queue_name, msg_id, lease_token);
  job := locked.job;
  if locked.held then
    linked := generation_private.link_entities(job, complete_job.asset_url, completed_at);
    update public.generation_jobs as j
    set status = 'succeeded',
        object_path = complete_job.object_path,
        asset_url = complete_job.asset_url,
        content_type = complete_job.content_type,
        model = complete_job.model,
        usage = complete_job.usage,
        cost_usd = generation_private.add_cost(j.cost_usd, complete_job.cost_usd),
        generation_seconds = complete_job.generation_seconds,
        entities = linked,
        history = generation_private.add_passing_over(j.history, passed_over, complete_job.model),
        error_code = null,
        error_message = null,
        finished_at = completed_at,
        updated_at = completed_at
    where j.id = job.id;
    job.entities := linked;
    job.object_path := complete_job.object_path;
    job.content_type := complete_job.content_type;
    if linked <> '[]' then
      insert into public.generation_publications (job_id, queue, choice) values (job.id, queue_name, job.choices);
    end if;
    perform generation_private.archive_message(queue_name, complete_job.msg_id);
    perform generation_private.model_served(job, complete_job.model, finished => true);
  elsif job.status is distinct from 'succeeded' then
    return null;
  end if;
  return job;
end
$$;

create or replace function public.complete_generation_job(
  queue_name text,
  msg_id bigint,
  lease_token integer,
  object_path text,
  asset_url text,
  content_type text,
  model text,
  usage jsonb,
  cost_usd numeric,
  passed_over text default null,
  generation_seconds double precision default null,
  confirmed jsonb default null,
  next jsonb default null
)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  checked constant boolean := generation_private.check_completion(
    object_path, asset_url, content_type, model, usage, cost_usd, generation_seconds
  );
  job public.generation_jobs;
begin
  job := generation_private.complete_job(
    queue_name, msg_id, lease_token, object_path, asset_url, content_type, model, usage, cost_usd, passed_over,
    generation_seconds
  );
  if job.id is null then
    return jsonb_build_object('held', false);
  end if;
  return jsonb_build_object(
    'held', true,
    'entities', job.entities,
    'publications', generation_private.publications(job),
    'contended', generation_private.is_contended(job),
    'due', generation_private.confirm_publications(confirmed),
    'claims', generation_private.claim_along(queue_name, next)
  );
end
$$;
comment on function public.complete_generation_job is
  'Settles a job whose asset is stored at object_path and readable at asset_url: links it to its entities, ends the job, '
  'archives the message, all in one transaction. cost_usd in US dollars; generation_seconds: how long the '
  'provider took, if that was measured. Returns held, entities (slot, key, outcome: '
  'linked, not_found, or superseded by a newer enqueued job), publications (slot, object_path, content_type: what the '
  'entity''s current object has to be a copy of) and contended: a newer job of an entity is in hand, so the copies are '
  'to be confirmed at once. {"held": false}: the lease is not held, nothing changed. Error GJ001: linking failed, '
  'nothing changed. What a worker asks along with it, to save calls: confirmed has the copies that it made for other '
  'jobs (job_id, publications), of which due are those to be made again, as unpublished_generation_jobs returns them; '
  'next has the arguments of claim_generation_jobs but the queue, and claims is what that returns. claims is null when '
  'nothing was claimed, because of limits, models in trouble or an error: then the worker claims by itself.';
select generation_private.grant_to_service_role('execute', 'function public.complete_generation_job');
