-- What a console shows: storyboards, the scenes of one, why each live job waits, and the figures of its plots. All of
-- it only reads. Lists are answered as one JSON value: the Data API cuts rows off at a thousand.

-- Which storyboard changed when. From one storyboard to the next it is one step, however many jobs a storyboard has. All
-- storyboards are visited.
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
  )
  select board.id, board.changed_at, jobs.queued, jobs.running, jobs.waiting, generation_private.failed_cards(board.id),
    generation_private.newest_images(board.id)
  from (
    select b.id, b.changed_at
    from boards as b
    where search is null or strpos(lower(b.id), lower(search)) > 0
    order by b.changed_at desc
    limit quantity
  ) as board
  -- One by one: the counts of all three would be taken to be as good as reading all of a storyboard.
  cross join lateral (
    select (select count(*) from public.generation_jobs as j where j.status = 'queued' and j.storyboard_id = board.id) as queued,
      (select count(*) from public.generation_jobs as j where j.status = 'running' and j.storyboard_id = board.id) as running,
      (select count(*) from public.generation_jobs as j where j.status = 'waiting' and j.storyboard_id = board.id) as waiting
  ) as jobs
  order by board.changed_at desc;
end
$$;
comment on function public.generation_storyboards is
  'The storyboards whose id contains search (upper and lower case alike; null: all) and in which something changed last, at most '
  'quantity (1 to 1000): when that was, the live jobs by state, failed: how many of its scenes, characters and jobs without '
  'either have failures in generation_storyboard, and covers: the URLs of the four newest images.';
select generation_private.grant_to_service_role('execute', 'function public.generation_storyboards');

-- How many scenes, characters and jobs without either have a failure that no later success of the same kind has replaced. For
-- each failure the newest success is one step in an index: joined, all successes of the storyboard would be read.
create or replace function generation_private.failed_cards(storyboard text)
returns bigint
language plpgsql stable
as $$
begin
  return (
    select count(distinct (entity.slot, entity.id))
    from public.generation_jobs as j
    cross join lateral (values
      ('scene', j.scene_id),
      ('character', j.character_id),
      ('job', case when num_nonnulls(j.scene_id, j.character_id) = 0 then j.id::text end)
    ) as entity (slot, id)
    where j.storyboard_id = storyboard and j.status = 'failed' and entity.id is not null
      and coalesce(
        case entity.slot
          when 'scene' then (
            select (j.enqueued_at, j.msg_id) > (coalesce(s.chosen_at, s.enqueued_at), s.msg_id)
            from public.generation_jobs as s
            where s.storyboard_id = storyboard and s.scene_id = entity.id and s.kind = j.kind and s.status = 'succeeded'
            order by coalesce(s.chosen_at, s.enqueued_at) desc, s.msg_id desc
            limit 1
          )
          when 'character' then (
            select (j.enqueued_at, j.msg_id) > (coalesce(s.chosen_at, s.enqueued_at), s.msg_id)
            from public.generation_jobs as s
            where s.storyboard_id = storyboard and s.character_id = entity.id and s.kind = j.kind and s.status = 'succeeded'
            order by coalesce(s.chosen_at, s.enqueued_at) desc, s.msg_id desc
            limit 1
          )
        end,
        true
      )
  );
end
$$;

create or replace function generation_private.newest_images(storyboard text)
returns jsonb
language plpgsql stable
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

-- The first elements of a list, as many as are asked for and fit into one reply of 4 MB, and whether there are more.
create or replace function generation_private.bounded_list(name text, elements jsonb[], most integer)
returns jsonb
language plpgsql immutable
as $$
begin
  return (
    select jsonb_build_object(
      name, coalesce(jsonb_agg(e.element order by e.place) filter (where e.bytes <= 4000000 and e.place <= most), '[]'),
      'more', coalesce(bool_or(e.bytes > 4000000 or e.place > most), false)
    )
    from (
      select l.element, l.place, sum(octet_length(l.element::text)) over (order by l.place) as bytes
      from unnest(elements) with ordinality as l (element, place)
    ) as e
  );
end
$$;

-- The scenes and characters that a project keeps in the table of entities, whether or not anything was generated for
-- them. A project with tables of its own has none here.
create or replace function generation_private.entities_of(storyboard text)
returns table (slot text, id text, title text, image_url text, video_url text)
language plpgsql stable
as $$
begin
  if to_regclass('public.kv_store_7ee7668a') is null then
    return;
  end if;
  return query
  select kind.slot, substr(e.key, length(kind.prefix) + 1),
    coalesce(
      generation_private.message_text(e.value, 'title', 200), generation_private.message_text(e.value, 'name', 200)
    ),
    generation_private.message_text(e.value, 'imageUrl', 4096), generation_private.message_text(e.value, 'videoUrl', 4096)
  from (values
    ('scene', 'scene:' || storyboard || ':'),
    ('character', 'character:' || storyboard || ':')
  ) as kind (slot, prefix)
  -- From the prefix on, up to where its colon is a semicolon, the next character: an index on the keys' bytes serves it.
  join public.kv_store_7ee7668a as e on e.key ~>=~ kind.prefix and e.key ~<~ (left(kind.prefix, -1) || ';');
end
$$;

-- The first source image that a message names.
create or replace function generation_private.source_of(message jsonb)
returns text
language plpgsql immutable
as $$
declare
  listed constant jsonb := message #> '{sourceImageUrls,0}';
begin
  return coalesce(
    generation_private.message_text(message, 'sourceImageUrl', 2048),
    case when jsonb_typeof(listed) = 'string' then left(listed #>> '{}', 2048) end
  );
end
$$;

create or replace function generation_private.version_of(job_id uuid)
returns jsonb
language plpgsql stable
as $$
begin
  return (
    select jsonb_build_object(
      'job_id', j.id, 'url', j.asset_url, 'content_type', j.content_type, 'prompt', left(j.prompt, 300),
      'source', generation_private.source_of(j.message), 'entities', j.entities,
      'error_code', j.error_code, 'error_message', left(j.error_message, 300), 'finished_at', j.finished_at
    )
    from public.generation_jobs as j
    where j.id = job_id
  );
end
$$;

-- The jobs of a storyboard that have ended, once for each scene and character that they belong to; those that belong to
-- neither stand alone, unless they were cancelled.
create or replace function generation_private.versions_of(storyboard text)
returns table (slot text, id text, kind text, status text, counts_from timestamptz, msg_id bigint, job_id uuid)
language plpgsql stable
as $$
begin
  return query
  select entity.slot, entity.id, j.kind, j.status, coalesce(j.chosen_at, j.enqueued_at), j.msg_id, j.id
  from public.generation_jobs as j
  cross join lateral (values
    ('scene', j.scene_id),
    ('character', j.character_id),
    ('job', case when num_nonnulls(j.scene_id, j.character_id) = 0 and j.status <> 'cancelled' then j.id::text end)
  ) as entity (slot, id)
  where j.storyboard_id = storyboard and j.finished_at is not null and entity.id is not null;
end
$$;

-- What is shown of each scene, character and job without either, the first 2000 of them: those with an id of their own,
-- then the newest jobs.
create or replace function generation_private.cards_of(storyboard text)
returns table (card jsonb)
language plpgsql stable
as $$
begin
  return query
  with versions as materialized (
    select v.* from generation_private.versions_of(storyboard) as v
  ),
  counts as (
    select v.slot, v.id, max(v.counts_from) as newest, max(v.msg_id) as last_msg_id,
      count(*) filter (where v.kind = 'image' and v.status = 'succeeded') as images,
      count(*) filter (where v.kind = 'video' and v.status = 'succeeded') as videos
    from versions as v
    group by v.slot, v.id
  ),
  shown as (
    select slot, id, e.title, e.image_url, e.video_url, coalesce(c.images, 0) as images, coalesce(c.videos, 0) as videos,
      -- What was sent in one transaction has one time.
      row_number() over (
        order by slot = 'job', case when slot = 'job' then (c.newest, c.last_msg_id) end desc, slot, id collate "C"
      ) as place
    from generation_private.entities_of(storyboard) as e
    full join counts as c using (slot, id)
    order by place
    limit 2001
  ),
  latest as (
    select distinct on (v.slot, v.id, v.kind) v.slot, v.id, v.kind, v.status, v.job_id
    from versions as v
    where v.status <> 'cancelled'
    order by v.slot, v.id, v.kind, v.counts_from desc, v.msg_id desc
  ),
  current as (
    select distinct on (v.slot, v.id, v.kind) v.slot, v.id, v.kind, v.job_id
    from versions as v
    where v.status = 'succeeded'
    order by v.slot, v.id, v.kind, v.counts_from desc, v.msg_id desc
  ),
  results as (
    select c.slot, c.id, jsonb_object_agg(c.kind, generation_private.version_of(c.job_id)) as by_kind
    from shown as s
    join current as c using (slot, id)
    group by c.slot, c.id
  ),
  failures as (
    select l.slot, l.id,
      jsonb_agg(generation_private.version_of(l.job_id) || jsonb_build_object('kind', l.kind) order by l.kind) as failed
    from shown as s
    join latest as l using (slot, id)
    where l.status = 'failed'
    group by l.slot, l.id
  )
  select jsonb_build_object(
    'slot', slot, 'id', id, 'title', s.title,
    'image', coalesce(r.by_kind -> 'image', case when s.image_url <> '' then jsonb_build_object('url', s.image_url) end),
    'video', coalesce(r.by_kind -> 'video', case when s.video_url <> '' then jsonb_build_object('url', s.video_url) end),
    'images', s.images, 'videos', s.videos, 'failures', coalesce(f.failed, '[]')
  )
  from shown as s
  left join results as r using (slot, id)
  left join failures as f using (slot, id)
  order by s.place;
end
$$;

create or replace function public.generation_storyboard(storyboard_id text)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform generation_private.check_given('storyboard_id', storyboard_id, 'the id of a storyboard');
  return generation_private.bounded_list(
    'entities', array(select c.card from generation_private.cards_of(storyboard_id) as c), 2000
  );
end
$$;
comment on function public.generation_storyboard is
  'The scenes, characters and jobs without either (slot: scene, character, job) of a storyboard as one JSON object: entities, '
  'with id, title, the current image and video with their job, how many images and videos were made, and failures: the '
  'newest job of a kind that was not cancelled, when it has failed; and more: whether there are others than these. At most '
  '2000 and 4 MB, jobs without either last.';
select generation_private.grant_to_service_role('execute', 'function public.generation_storyboard');
