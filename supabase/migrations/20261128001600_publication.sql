-- After completion the worker copies the newest asset to each entity's current object. Copies of two jobs may
-- cross, and a worker may die before it has copied: therefore every copy is confirmed, and a confirmation that
-- comes too late is answered with what to copy instead.

create index if not exists generation_jobs_unpublished
  on public.generation_jobs (queue, updated_at)
  where publication_pending;
-- A choice that no worker has taken up: its row is as the choice left it.
create index if not exists generation_jobs_chosen
  on public.generation_jobs (queue, updated_at)
  where publication_pending and chosen_at = updated_at;
-- Which result of a scene or character is the newest.
create index if not exists generation_jobs_scene_result
  on public.generation_jobs (storyboard_id, scene_id, kind, coalesce(chosen_at, enqueued_at) desc, msg_id desc)
  where status = 'succeeded' and scene_id is not null;
create index if not exists generation_jobs_character_result
  on public.generation_jobs (storyboard_id, character_id, kind, coalesce(chosen_at, enqueued_at) desc, msg_id desc)
  where status = 'succeeded' and character_id is not null;

-- The job of the same kind that succeeded for the job's scene or character and was enqueued, or chosen, last. In plpgsql, as the next
-- function: they are called with each completion, and PostgreSQL keeps no plan for a function in SQL.
create or replace function generation_private.newest_result(job public.generation_jobs, slot text)
returns public.generation_jobs
language plpgsql stable
as $$
begin
  if slot = 'scene' then
    return (
      select other
      from public.generation_jobs as other
      where other.storyboard_id = job.storyboard_id
        and other.scene_id = job.scene_id
        and other.kind = job.kind
        and other.status = 'succeeded'
      order by coalesce(other.chosen_at, other.enqueued_at) desc, other.msg_id desc
      limit 1
    );
  end if;
  return (
    select other
    from public.generation_jobs as other
    where other.storyboard_id = job.storyboard_id
      and other.character_id = job.character_id
      and other.kind = job.kind
      and other.status = 'succeeded'
    order by coalesce(other.chosen_at, other.enqueued_at) desc, other.msg_id desc
    limit 1
  );
end
$$;

-- For each entity of a job, the object that its current object has to be a copy of. choice is missing while the job was
-- never chosen.
create or replace function generation_private.publications(job public.generation_jobs)
returns jsonb
language plpgsql stable
as $$
declare
  slot text;
  newest public.generation_jobs;
  due jsonb := '[]';
begin
  foreach slot in array array['scene', 'character'] loop
    continue when generation_private.entity_key(job, slot) is null;
    newest := generation_private.newest_result(job, slot);
    continue when newest.object_path is null;
    due := due || jsonb_strip_nulls(jsonb_build_object(
      'slot', slot,
      'object_path', newest.object_path,
      'content_type', newest.content_type,
      'choice', nullif(job.choices, 0)
    ));
  end loop;
  return due;
end
$$;

-- Whether copies were made under the last choice of their job. Before that choice another asset may have been copied over
-- them.
create or replace function generation_private.made_under_last_choice(job public.generation_jobs, publications jsonb)
returns boolean
language plpgsql stable
as $$
begin
  return (
    select coalesce(bool_and(coalesce(copied -> 'choice', '0') = to_jsonb(job.choices)), job.choices = 0)
    from jsonb_array_elements(publications) as copied
  );
end
$$;

-- A moment that is after the last choice of a job, also when the clock was set back.
create or replace function generation_private.after_choice(job public.generation_jobs)
returns timestamptz
language plpgsql
as $$
begin
  return greatest(clock_timestamp(), job.chosen_at + interval '1 microsecond');
end
$$;

create or replace function public.confirm_generation_publication(job_id uuid, publications jsonb)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  job public.generation_jobs;
  expected jsonb;
begin
  perform generation_private.check_given('job_id', job_id::text, 'the id of a job');
  if jsonb_typeof(publications) is distinct from 'array' then
    raise exception 'publications: expected an array of what was copied, got %',
      coalesce(jsonb_typeof(publications), 'null') using errcode = '22023';
  end if;

  -- Most are as they were told. The case keeps the plan to the key: by the index of what is pending it would read all of that.
  update public.generation_jobs as j
  set publication_pending = false, updated_at = clock_timestamp()
  where j.id = job_id
    and case when j.publication_pending then generation_private.publications(j) = publications end;
  if found then
    return '[]';
  end if;

  select * into job
  from public.generation_jobs as j
  where j.id = job_id and j.status = 'succeeded'
  for update;
  if not found then
    return '[]';
  end if;

  expected := generation_private.publications(job);
  if not generation_private.made_under_last_choice(job, publications) then
    -- Only the worker that was given the copies of the choice makes them.
    if not job.publication_pending or (job.updated_at > job.chosen_at) is not false then
      return '[]';
    end if;
    update public.generation_jobs as j set updated_at = generation_private.after_choice(j) where j.id = job.id;
    return expected;
  end if;

  if expected <> publications and exists (
    select from jsonb_array_elements(expected) as wanted
    where not exists (
      select from jsonb_array_elements(publications) as copied
      where copied ->> 'slot' = wanted ->> 'slot' and copied ->> 'object_path' = wanted ->> 'object_path'
    )
  ) then
    -- The worker copies again, and may not get to the end of that. An earlier confirmation may have come already.
    if not job.publication_pending then
      update public.generation_jobs as j
      set publication_pending = true, updated_at = generation_private.after_choice(j)
      where j.id = job.id;
    end if;
    -- The whole list, also what was copied rightly: the next confirmation has to name it all.
    return expected;
  end if;

  if job.publication_pending then
    update public.generation_jobs as j
    set publication_pending = false, updated_at = clock_timestamp()
    where j.id = job.id;
  end if;
  return '[]';
end
$$;
comment on function public.confirm_generation_publication is
  'Says which objects were copied to the current objects of a job''s entities (an array of slot, object_path, and choice '
  'as it was told). Returns an empty array when these are still the newest, or when another worker copies them because '
  'the job was chosen since; else the whole list that has to be copied and confirmed again.';
select generation_private.grant_to_service_role('execute', 'function public.confirm_generation_publication');

-- Confirms copies of several jobs (job_id, publications); returns those that are to be made again, with their jobs. In the
-- order of their ids: two workers that confirm the same ones do not wait for each other in a circle.
create or replace function generation_private.confirm_publications(confirmed jsonb)
returns jsonb
language plpgsql
as $$
declare
  made jsonb;
  due jsonb;
  to_be_made jsonb := '[]';
begin
  if coalesce(confirmed, '[]') = '[]' then
    return '[]';
  elsif jsonb_typeof(confirmed) <> 'array' then
    raise exception 'confirmed: expected an array of jobs and their publications, got %', jsonb_typeof(confirmed)
      using errcode = '22023';
  end if;
  for made in select told from jsonb_array_elements(confirmed) as told order by (told ->> 'job_id')::uuid loop
    due := public.confirm_generation_publication((made ->> 'job_id')::uuid, made -> 'publications');
    if due <> '[]' then
      to_be_made := to_be_made || (
        select jsonb_build_object(
          'job_id', j.id,
          'storyboard_id', j.storyboard_id,
          'scene_id', j.scene_id,
          'character_id', j.character_id,
          'publications', due
        )
        from public.generation_jobs as j
        where j.id = (made ->> 'job_id')::uuid
      );
    end if;
  end loop;
  return to_be_made;
end
$$;

create or replace function public.unpublished_generation_jobs(queue_name text, quantity integer)
returns table (
  job_id uuid,
  storyboard_id text,
  scene_id text,
  character_id text,
  publications jsonb
)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform generation_private.check_queue(queue_name);
  perform generation_private.check_between('quantity', quantity, 0, 100, 'jobs');

  -- Touching a row hands it to one worker for longer than any worker lives, and moves it to the end. Two that copied
  -- for one job could cross: one asks what is due, a newer job succeeds, the other copies and confirms that, and
  -- the first one's copy lands last and stays.
  return query
  with candidates as (
    select j.id
    from public.generation_jobs as j
    where j.queue = queue_name
      and j.publication_pending
      and j.status = 'succeeded'
      and (j.updated_at < clock_timestamp() - interval '10 minutes' or j.chosen_at = j.updated_at)
    order by j.updated_at
    limit quantity
    for update skip locked
  )
  update public.generation_jobs as job
  set updated_at = generation_private.after_choice(job)
  from candidates as c
  where job.id = c.id
  returning
    job.id, job.storyboard_id, job.scene_id, job.character_id, generation_private.publications(job);
end
$$;
comment on function public.unpublished_generation_jobs is
  'Up to quantity (0 to 100) jobs whose copies were not confirmed within 10 minutes of their completion or of the last '
  'call that returned them, with what has to be copied: their worker died in between. Those that were chosen since come '
  'at once.';
select generation_private.grant_to_service_role('execute', 'function public.unpublished_generation_jobs');
