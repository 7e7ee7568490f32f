-- What a console shows: storyboards, the scenes of one, why each live job waits, and the figures of its plots. All of
-- it only reads. Lists are answered as one JSON value: the Data API cuts rows off at a thousand.

-- Which storyboard changed when. From one storyboard to the next it is one step, however many jobs a storyboard has.
create index if not exists generation_jobs_storyboard
  on public.generation_jobs (storyboard_id, updated_at desc)
  where storyboard_id is not null;

create or replace function public.generation_storyboards(search text default null, quantity integer default 60)
returns table (
  storyboard_id text,
  updated_at timestamptz,
  queued bigint,
  running bigint,
  waiting bigint,
  failed bigint,
  covers jsonb
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform generation_private.check_between('quantity', quantity, 1, 1000, 'storyboards');
  return query
  with recursive boards (id, changed_at) as (
    (
      select j.storyboard_id, j.updated_at
      from public.generation_jobs as j
      where j.storyboard_id is not null
      order by j.storyboard_id, j.updated_at desc
      limit 1
    )
    union all
    select next.storyboard_id, next.updated_at
    from boards as board
    cross join lateral (
      select j.storyboard_id, j.updated_at
      from public.generation_jobs as j
      where j.storyboard_id > board.id
      order by j.storyboard_id, j.updated_at desc
      limit 1
    ) as next
  ),
  states as (
    select j.storyboard_id as id,
      count(*) filter (where j.status = 'queued') as queued,
      count(*) filter (where j.status = 'running') as running,
      count(*) filter (where j.status = 'waiting') as waiting,
      count(*) filter (where j.status = 'failed') as failed
    from public.generation_jobs as j
    where j.queue = any (generation_private.queue_names())
      and j.status in ('queued', 'running', 'waiting', 'failed')
    group by j.storyboard_id
  )
  select board.id, board.changed_at, coalesce(s.queued, 0), coalesce(s.running, 0), coalesce(s.waiting, 0),
    coalesce(s.failed, 0), generation_private.newest_images(board.id)
  from (
    select b.id, b.changed_at
    from boards as b
    where search is null or strpos(lower(b.id), lower(search)) > 0
    order by b.changed_at desc
    limit quantity
  ) as board
  left join states as s on s.id = board.id
  order by board.changed_at desc;
end
$$;
comment on function public.generation_storyboards is
  'The storyboards whose id contains search (upper and lower case alike; null: all) and in which something changed last, at most '
  'quantity (1 to 1000): when that was, the jobs by state, and covers: the URLs of the four newest images.';
select generation_private.grant_to_service_role('execute', 'function public.generation_storyboards');

create or replace function generation_private.newest_images(storyboard text)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(jsonb_agg(newest.asset_url order by newest.updated_at desc), '[]')
    from (
      select j.asset_url, j.updated_at
      from public.generation_jobs as j
      where j.storyboard_id = storyboard
        and j.kind = 'image'
        and j.status = 'succeeded'
        and j.asset_url is not null
      order by j.updated_at desc
      limit 4
    ) as newest
  );
end
$$;

-- The scenes and characters that a project keeps in the table of entities, whether or not anything was generated for
-- them. A project with tables of its own has none here.
create or replace function generation_private.entities_of(storyboard text)
returns table (slot text, id text, title text, image_url text, video_url text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if to_regclass('public.kv_store_7ee7668a') is null then
    return;
  end if;
  return query
  select kind.slot, substr(e.key, length(kind.prefix) + 1),
    left(coalesce(e.value ->> 'title', e.value ->> 'name'), 200), e.value ->> 'imageUrl', e.value ->> 'videoUrl'
  from (values
    ('scene', 'scene:' || storyboard || ':'),
    ('character', 'character:' || storyboard || ':')
  ) as kind (slot, prefix)
  join public.kv_store_7ee7668a as e on starts_with(e.key, kind.prefix);
end
$$;

-- The jobs of a storyboard that have ended, once for each scene and character that they belong to; those that belong to
-- neither stand alone, unless they were cancelled.
create or replace function generation_private.versions_of(storyboard text)
returns table (slot text, id text, kind text, status text, counts_from timestamptz, msg_id bigint, version jsonb)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  select entity.slot, entity.id, j.kind, j.status, coalesce(j.chosen_at, j.enqueued_at), j.msg_id,
    jsonb_build_object(
      'job_id', j.id, 'url', j.asset_url, 'content_type', j.content_type, 'prompt', left(j.prompt, 300),
      'source', coalesce(j.message ->> 'sourceImageUrl', j.message #>> '{sourceImageUrls,0}'),
      'error_code', j.error_code, 'error_message', left(j.error_message, 300), 'finished_at', j.finished_at
    )
  from public.generation_jobs as j
  cross join lateral (values
    ('scene', j.scene_id),
    ('character', j.character_id),
    ('job', case when num_nonnulls(j.scene_id, j.character_id) = 0 and j.status <> 'cancelled' then j.id::text end)
  ) as entity (slot, id)
  where j.storyboard_id = storyboard and j.finished_at is not null and entity.id is not null;
end
$$;

create or replace function public.generation_storyboard(storyboard_id text)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform generation_private.check_given('storyboard_id', storyboard_id, 'the id of a storyboard');
  return (
    with versions as materialized (
      select v.* from generation_private.versions_of(storyboard_id) as v
    ),
    counts as (
      select v.slot, v.id,
        count(*) filter (where v.kind = 'image' and v.status = 'succeeded') as images,
        count(*) filter (where v.kind = 'video' and v.status = 'succeeded') as videos
      from versions as v
      group by v.slot, v.id
    ),
    latest as (
      select distinct on (v.slot, v.id, v.kind) v.slot, v.id, v.kind, v.status, v.version
      from versions as v
      where v.status <> 'cancelled'
      order by v.slot, v.id, v.kind, v.counts_from desc, v.msg_id desc
    ),
    current as (
      select distinct on (v.slot, v.id, v.kind) v.slot, v.id, v.kind, v.version
      from versions as v
      where v.status = 'succeeded'
      order by v.slot, v.id, v.kind, v.counts_from desc, v.msg_id desc
    ),
    results as (
      select c.slot, c.id, jsonb_object_agg(c.kind, c.version) as by_kind
      from current as c
      group by c.slot, c.id
    ),
    failures as (
      select l.slot, l.id, jsonb_agg(l.version || jsonb_build_object('kind', l.kind) order by l.kind) as failed
      from latest as l
      where l.status = 'failed'
      group by l.slot, l.id
    )
    select coalesce(jsonb_agg(
      jsonb_build_object(
        'slot', slot, 'id', id, 'title', e.title,
        'image', coalesce(r.by_kind -> 'image', case when e.image_url <> '' then jsonb_build_object('url', e.image_url) end),
        'video', coalesce(r.by_kind -> 'video', case when e.video_url <> '' then jsonb_build_object('url', e.video_url) end),
        'images', coalesce(c.images, 0), 'videos', coalesce(c.videos, 0), 'failures', coalesce(f.failed, '[]')
      )
      order by slot, id collate "C"
    ), '[]')
    from generation_private.entities_of(storyboard_id) as e
    full join counts as c using (slot, id)
    left join results as r using (slot, id)
    left join failures as f using (slot, id)
  );
end
$$;
comment on function public.generation_storyboard is
  'The scenes, characters and jobs without either (slot: scene, character, job) of a storyboard as a JSON array: id, '
  'title, the current image and video with their job, how many images and videos were made, and failures: the newest '
  'job of a kind that was not cancelled, when it has failed.';
select generation_private.grant_to_service_role('execute', 'function public.generation_storyboard');
