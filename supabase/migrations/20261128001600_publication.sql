-- After completion the worker copies the newest asset to each entity's current object. Copies of two jobs may
-- cross, and a worker may die before it has copied: therefore every copy is confirmed, and a confirmation that
-- comes too late is answered with what to copy instead.

-- A table of its own, since an update of a job writes all indexes of its row again.
create table if not exists public.generation_publications (
  job_id uuid primary key,
  queue text not null,
  choice integer not null,
  since timestamptz not null default clock_timestamp(),
  due_at timestamptz not null default clock_timestamp() + interval '10 minutes'
);
comment on table public.generation_publications is
  'The jobs whose copies to the current objects are not confirmed yet. Written by functions only.';
comment on column public.generation_publications.choice is
  'How often the asset had been chosen when a worker was last told to make the copies.';
comment on column public.generation_publications.due_at is
  'When another worker may make the copies: by then no worker lives that was told to. After a choice at once.';
alter table public.generation_publications enable row level security;
select generation_private.grant_to_service_role('select', 'table public.generation_publications');

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
    -- One that is just being completed was compared with the others when it was linked.
    newest := case
      when job.status = 'running'
        and not job.entities @> jsonb_build_array(jsonb_build_object('slot', slot, 'outcome', 'superseded'))
        then job
      else generation_private.newest_result(job, slot)
    end;
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

-- What is left to be copied. The row is deleted first: whatever else is decided about it waits, and what has been is seen.
create or replace function generation_private.confirm_publication(confirmed_id uuid, publications jsonb)
returns jsonb
language plpgsql
as $$
declare
  checked constant boolean := generation_private.check_given('job_id', confirmed_id::text, 'the id of a job');
  job public.generation_jobs;
  pending public.generation_publications;
  expected jsonb;
begin
  if jsonb_typeof(publications) is distinct from 'array' then
    raise exception 'publications: expected an array of what was copied, got %',
      coalesce(jsonb_typeof(publications), 'null') using errcode = '22023';
  end if;

  delete from public.generation_publications as p where p.job_id = confirmed_id returning p.* into pending;
  job := (select j from public.generation_jobs as j where j.id = confirmed_id and j.status = 'succeeded');
  expected := generation_private.publications(job);
  if expected = publications then
    return '[]';
  elsif not generation_private.made_under_last_choice(job, publications) then
    if pending.job_id is null then
      return '[]';
    elsif pending.choice = job.choices then -- another worker makes the copies of the choice
      insert into public.generation_publications select pending.*;
      return '[]';
    end if;
  elsif not exists (
    select from jsonb_array_elements(expected) as wanted
    where not exists (
      select from jsonb_array_elements(publications) as copied
      where copied ->> 'slot' = wanted ->> 'slot' and copied ->> 'object_path' = wanted ->> 'object_path'
    )
  ) then
    return '[]';
  end if;
  -- The whole list, also what was copied rightly: the next confirmation has to name it all.
  insert into public.generation_publications (job_id, queue, choice, since)
  values (job.id, job.queue, job.choices, coalesce(pending.since, clock_timestamp()))
  on conflict do nothing; -- the same confirmation, made twice at a time
  return expected;
end
$$;

create or replace function public.confirm_generation_publication(job_id uuid, publications jsonb)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return generation_private.confirm_publication(job_id, publications);
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
    due := generation_private.confirm_publication((made ->> 'job_id')::uuid, made -> 'publications');
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

  -- Those of jobs that were deleted by hand would call workers for ever.
  delete from public.generation_publications as p
  where p.queue = queue_name
    and p.due_at <= clock_timestamp()
    and not exists (select from public.generation_jobs as j where j.id = p.job_id);

  -- A row goes to one worker for longer than any worker lives. Two that copied for one job could cross: one asks what is
  -- due, a newer job succeeds, the other copies and confirms that, and the first one's copy lands last and stays.
  return query
  with due as (
    select j.*
    from public.generation_publications as p
    join public.generation_jobs as j on j.id = p.job_id
    where p.queue = queue_name and p.due_at <= clock_timestamp()
    order by p.due_at
    limit quantity
    for update of p skip locked
  )
  update public.generation_publications as p
  set due_at = default, choice = job.choices
  from due as job
  where p.job_id = job.id
  returning job.id, job.storyboard_id, job.scene_id, job.character_id, generation_private.publications(job);
end
$$;
comment on function public.unpublished_generation_jobs is
  'Up to quantity (0 to 100) jobs whose copies were not confirmed within 10 minutes of their completion or of the last '
  'call that returned them, with what has to be copied: their worker died in between. Those that were chosen since come '
  'at once.';
select generation_private.grant_to_service_role('execute', 'function public.unpublished_generation_jobs');
