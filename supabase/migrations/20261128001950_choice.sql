-- Choosing which result of a scene or character is its current one.
--
-- A choice moves a job to the end of the order in which results count: (coalesce(chosen_at, enqueued_at), msg_id), which
-- newest_result reads. So a job that was enqueued before the choice does not undo it when it completes, one that is
-- enqueued after it does, and a later choice wins over an earlier one.

-- What has to be true of a job whose asset is to become the current one.
create or replace function generation_private.check_can_be_chosen(job public.generation_jobs)
returns void
language plpgsql stable
as $$
begin
  if job.id is null then
    raise exception 'job_id: expected the id of a job that has succeeded, and there is no such job' using errcode = '22023';
  elsif job.status <> 'succeeded' then
    raise exception 'job_id: expected a job that has succeeded, and this one is %', job.status using errcode = '22023';
  elsif not exists (select from generation_private.entity_slots(job)) then
    raise exception 'job_id: expected a job of a scene or character, and this one belongs to neither' using errcode = '22023';
  end if;
  if to_regclass('storage.objects') is null then
    return; -- there is no Storage beside this database
  end if;
  if not exists (
    select
    from storage.objects as o
    where o.bucket_id = case job.kind when 'image' then 'storyboard-images' else 'storyboard-videos' end
      and o.name = job.object_path
  ) then
    raise exception 'job_id: expected a job whose object is in Storage, and % was removed', job.object_path
      using errcode = '22023';
  end if;
end
$$;

create or replace function public.choose_generation_result(job_id uuid)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  job public.generation_jobs;
  linked jsonb;
begin
  perform generation_private.check_given('job_id', job_id::text, 'the id of a job');
  -- Completions and other choices decide before this one or after it. Then a clock that was set back does not matter.
  -- The entities come before the row in the order of locks: a completion holds them when it confirms other jobs.
  select * into job from public.generation_jobs as j where j.id = job_id;
  perform generation_private.lock_entity(job.kind, entity.key) from generation_private.entity_slots(job) as entity;
  select * into job from public.generation_jobs as j where j.id = job_id for update;
  perform generation_private.check_can_be_chosen(job);
  update public.generation_jobs as j
  set chosen_at = choice.made_at,
      choices = j.choices + 1,
      updated_at = choice.made_at
  from (
    select greatest(
      clock_timestamp(), max(coalesce(newest.chosen_at, newest.enqueued_at)) + interval '1 microsecond'
    ) as made_at
    from generation_private.entity_slots(job) as entity
    cross join lateral generation_private.newest_result(job, entity.slot) as newest
  ) as choice
  where j.id = job.id
  returning j.* into job;

  linked := generation_private.link_entities(job, job.asset_url, job.chosen_at);
  update public.generation_jobs as j set entities = linked where j.id = job.id;
  -- The first worker that asks makes the copies. A worker that may be making earlier ones of this job is waited for; its row
  -- is locked, so that a confirmation decides before this choice or sees it.
  insert into public.generation_publications as p (job_id, queue, choice, due_at)
  values (job.id, job.queue, job.choices - 1, clock_timestamp())
  on conflict on constraint generation_publications_pkey do update set due_at = p.due_at;
  perform generation_private.wake(job.queue);
  return jsonb_build_object('job_id', job.id, 'asset_url', job.asset_url, 'entities', linked);
end
$$;
comment on function public.choose_generation_result is
  'Makes the asset of a job that has succeeded the current one of its scene and character, however old it is: links it '
  'at once, and has a worker copy it to the current objects. It stays until a job that was enqueued later succeeds, or '
  'another one is chosen. Returns job_id, asset_url and entities (slot, key, outcome: linked or not_found). Error 22023: '
  'the job is unknown, has not succeeded, belongs to no entity, or its object was removed; GJ001: linking failed.';
select generation_private.grant_to_service_role('execute', 'function public.choose_generation_result');
