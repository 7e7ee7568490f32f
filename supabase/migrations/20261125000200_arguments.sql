-- What the functions take: an error names the argument before it could harm what is read later. A cost
-- that is no number would spoil every sum, and a text without end every answer that shows the job.

create or replace function generation_private.check_length(argument text, value text, longest integer)
returns void
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if octet_length(value) > longest then
    raise exception '%: expected at most % bytes, not %', argument, longest, octet_length(value)
      using errcode = '22023';
  end if;
end
$$;
comment on function generation_private.check_length(text, text, integer) is
  'Raises 22023 with the argument''s name if its value has more bytes than that; null is fine.';
revoke all on function generation_private.check_length(text, text, integer) from public;

create or replace function public.begin_generation_submission(
  queue text,
  msg_id bigint,
  lease_token integer,
  model text
)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  locked record;
begin
  if coalesce(begin_generation_submission.model, '') = '' then
    raise exception 'model: expected the name of the model, got nothing' using errcode = '22023';
  end if;
  perform generation_private.check_length('model', begin_generation_submission.model, 256);
  select * into locked from generation_private.lock_job(
    begin_generation_submission.queue,
    begin_generation_submission.msg_id,
    begin_generation_submission.lease_token
  );
  if not locked.held or (locked.job).operation is not null then
    return false;
  end if;
  -- Another lease announced a submission and never said what came of it.
  if (locked.job).submission_started_at is not null
    and (locked.job).submission_lease_token is distinct from begin_generation_submission.lease_token
  then
    return false;
  end if;
  update public.generation_jobs as j
  set submission_started_at = clock_timestamp(),
      submission_model = begin_generation_submission.model,
      submission_lease_token = begin_generation_submission.lease_token,
      updated_at = clock_timestamp()
  where j.id = (locked.job).id;
  return true;
end
$$;
comment on function public.begin_generation_submission(text, bigint, integer, text) is
  'Announces a paid submission to a model. Only after true may it be made. The same lease may announce again, for the '
  'next model after a definite rejection. False: the lease is not held, an operation is recorded already, or an earlier '
  'lease announced a submission of which nothing is known.';
select generation_private.only_service_role('public.begin_generation_submission(text, bigint, integer, text)');

create or replace function public.record_generation_operation(
  queue text,
  msg_id bigint,
  lease_token integer,
  operation jsonb
)
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  locked record;
begin
  if jsonb_typeof(record_generation_operation.operation) is distinct from 'object' then
    raise exception 'operation: expected a JSON object that identifies the operation at the provider, got %',
      coalesce(jsonb_typeof(record_generation_operation.operation), 'null') using errcode = '22023';
  end if;
  perform generation_private.check_length('operation', record_generation_operation.operation::text, 65536);
  select * into locked from generation_private.lock_job(
    record_generation_operation.queue,
    record_generation_operation.msg_id,
    record_generation_operation.lease_token
  );
  if not locked.held then
    return false;
  end if;
  if (locked.job).operation = record_generation_operation.operation then
    return true; -- said again: it goes on being as old as it is
  end if;
  update public.generation_jobs as j
  set operation = record_generation_operation.operation,
      submitted_at = clock_timestamp(),
      history = case
        when j.operation is null then j.history
        else generation_private.add_history(
          j.history,
          'operation_replaced',
          jsonb_build_object('operation', j.operation, 'submitted_at', j.submitted_at)
        )
      end,
      updated_at = clock_timestamp()
  where j.id = (locked.job).id;
  return true;
end
$$;
comment on function public.record_generation_operation(text, bigint, integer, jsonb) is
  'Records the operation that the provider answered a submission with, so that any later run can poll it. Recording the '
  'same operation again keeps its time. False: the lease is not held, nothing changed.';
select generation_private.only_service_role('public.record_generation_operation(text, bigint, integer, jsonb)');

create or replace function public.complete_generation_job(
  queue text,
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
    complete_generation_job.queue, complete_generation_job.msg_id, complete_generation_job.lease_token
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
  perform pgmq.archive(complete_generation_job.queue, complete_generation_job.msg_id);

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

create or replace function public.confirm_generation_publication(job_id uuid, publications jsonb)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  job public.generation_jobs;
  expected jsonb;
begin
  if confirm_generation_publication.job_id is null then
    raise exception 'job_id: expected the id of a job, got null' using errcode = '22023';
  end if;
  if jsonb_typeof(confirm_generation_publication.publications) is distinct from 'array' then
    raise exception 'publications: expected an array of what was copied, got %',
      coalesce(jsonb_typeof(confirm_generation_publication.publications), 'null')
      using errcode = '22023';
  end if;

  select * into job
  from public.generation_jobs
  where id = confirm_generation_publication.job_id and status = 'succeeded'
  for update;
  if not found then
    return '[]';
  end if;

  expected := generation_private.publications(job);
  if exists (
    select
    from jsonb_array_elements(expected) as wanted
    where not exists (
      select
      from jsonb_array_elements(confirm_generation_publication.publications) as copied
      where copied ->> 'slot' = wanted ->> 'slot'
        and copied ->> 'object_path' = wanted ->> 'object_path'
    )
  ) then
    -- The whole list, also what was copied rightly: the next confirmation has to name it all.
    return expected;
  end if;

  update public.generation_jobs as j
  set publication_pending = false, updated_at = clock_timestamp()
  where j.id = job.id and j.publication_pending;
  return '[]';
end
$$;
comment on function public.confirm_generation_publication(uuid, jsonb) is
  'Says which objects were copied to the current objects of a job''s entities (an array of slot, object_path). Answers '
  'an empty array when these are still the newest, else the whole list that has to be copied and confirmed again.';
select generation_private.only_service_role('public.confirm_generation_publication(uuid, jsonb)');
