-- What waits and what is in hand, for people and for charts. Reading a view disturbs nothing: pgmq.read would hide
-- what it shows.

create or replace view pgmq.image_generation_queue as
  select msg_id, enqueued_at, vt, read_ct, generation_private.readable_message(message) as message
  from generation_private.image_queue_messages();
comment on view pgmq.image_generation_queue is
  'The messages on the image queue. Reading does not take them off it. Of a message that cannot be read: its ids.';

create or replace view pgmq.video_generation_queue as
  select msg_id, enqueued_at, vt, read_ct, generation_private.readable_message(message) as message
  from generation_private.video_queue_messages();
comment on view pgmq.video_generation_queue is
  'The messages on the video queue. Reading does not take them off it. Of a message that cannot be read: its ids.';

select generation_private.grant_to_service_role('select', 'table pgmq.image_generation_queue');
select generation_private.grant_to_service_role('select', 'table pgmq.video_generation_queue');

create or replace view public.generation_pending_jobs as
select job.id as job_id, q.queue, q.kind, q.msg_id, q.enqueued_at, q.vt, q.read_ct,
  coalesce(job.priority, 0) as priority, coalesce(job.status, 'queued') as status,
  coalesce(job.attempts, 0) as attempts,
  coalesce(job.storyboard_id, orphan.message ->> 'storyboardId') as storyboard_id,
  coalesce(job.scene_id, orphan.message ->> 'sceneId') as scene_id,
  coalesce(job.character_id, orphan.message ->> 'characterId') as character_id,
  job.owner,
  left(coalesce(job.prompt, orphan.message ->> 'prompt'), 60) as prompt,
  job.error_code, held_up.model as waits_for
from generation_private.queue_messages() as q
-- By its time as well: a queue that was dropped and created again counts from 1 again.
left join public.generation_jobs as job
  on job.queue = q.queue
  and job.msg_id = q.msg_id
  and job.enqueued_at = q.enqueued_at
  and job.finished_at is null
cross join lateral (
  select case when job.id is null then generation_private.readable_message(q.message) end as message
) as orphan
left join generation_private.held_up_lines() as held_up
  on held_up.queue = job.queue
  and held_up.requested_model = job.requested_model
  and held_up.waits_for = job.waits_for
  and job.status = 'queued'
  and job.submission_started_at is null;
comment on view public.generation_pending_jobs is
  'The messages on both queues with their jobs, those in flight included. vt: from when on a worker may take it (again). '
  'prompt: the first 60 characters. error_code: why it was last deferred. waits_for: the model in trouble that it has to '
  'wait for (generation_standing).';
select generation_private.grant_to_service_role('select', 'table public.generation_pending_jobs');

create or replace view public.generation_jobs_in_flight as
select job.id as job_id, job.queue, job.kind, job.msg_id, job.status, job.attempts, job.storyboard_id,
  job.scene_id, job.character_id, job.owner,
  coalesce(job.submission_model, job.leased_model) as model,
  job.operation ->> 'name' as operation_name,
  job.started_at, job.submitted_at, q.vt as visible_at, job.deaths
from public.generation_jobs as job
left join generation_private.queue_messages() as q
  on q.queue = job.queue and q.msg_id = job.msg_id and q.enqueued_at = job.enqueued_at
where job.status in ('running', 'waiting');
comment on view public.generation_jobs_in_flight is
  'Jobs that a worker has in hand (running), and videos with an operation (waiting). visible_at: when the next worker may '
  'claim it; past for a running job: its worker has died. submitted_at: when the provider accepted the video.';
select generation_private.grant_to_service_role('select', 'table public.generation_jobs_in_flight');

-- How far the limits of models are used: why a job does not start.
create or replace view public.generation_limits_in_use as
select l.model, l.requests_per_minute,
  (
    select count(*)
    from generation_private.requests as r
    where r.model = l.model and r.granted_at > now() - interval '1 minute'
  ) as begun_last_minute,
  l.jobs_in_flight,
  (
    select count(*)
    from public.generation_jobs_in_flight as job
    where regexp_replace(job.model, '^models/', '') = l.model
      -- As the claim counts: what a worker that died had in hand is free again, but not what it submitted.
      and (job.submitted_at is not null or job.visible_at > now())
  ) as in_flight_now
from public.generation_limits as l
where l.model is not null;
comment on view public.generation_limits_in_use is
  'The limits of each model beside what is used of them. begun_last_minute is 0 where no requests are counted.';
select generation_private.grant_to_service_role('select', 'table public.generation_limits_in_use');

-- A limit of which something is used lets the jobs of its model through as it allows.
create or replace view public.generation_oldest_waiting as
with limits as materialized (
  select l.model from public.generation_limits_in_use as l where l.begun_last_minute > 0 or l.in_flight_now > 0
)
select distinct on (q.queue) q.queue, job.id as job_id, oldest.msg_id, job.storyboard_id, oldest.vt as visible_since,
  extract(epoch from now() - oldest.vt)::double precision as waiting_seconds,
  coalesce(held_up.model, limits.model) as waits_for
from unnest(generation_private.queue_names()) as q (queue)
cross join lateral (
  select m.msg_id, m.enqueued_at, case when isfinite(m.vt) then m.vt else m.enqueued_at end as vt
  from generation_private.queue_messages() as m
  where m.queue = q.queue and m.vt <= now()
  order by m.vt
  -- Those that wait for a model must not hide one that no worker takes.
  limit 1000
) as oldest
left join public.generation_jobs as job
  on job.queue = q.queue
  and job.msg_id = oldest.msg_id
  and job.enqueued_at = oldest.enqueued_at
  and job.finished_at is null
left join generation_private.held_up_lines() as held_up
  on held_up.queue = job.queue
  and held_up.requested_model = job.requested_model
  and held_up.waits_for = job.waits_for
  and job.status = 'queued'
  and job.submission_started_at is null
left join generation_private.workers as worker on worker.queue = q.queue
left join limits
  on limits.model = coalesce(nullif(job.requested_model, ''), worker.models[1])
  and job.status = 'queued'
  and job.submission_started_at is null
order by q.queue, coalesce(held_up.model, limits.model) is not null, oldest.vt;
comment on view public.generation_oldest_waiting is
  'Of each queue the message that has been visible for the longest time; no row: none waits. waits_for: the model in '
  'trouble, or with a limit in use, that it has to wait for, when all of them do (of the first 1000).';
select generation_private.grant_to_service_role('select', 'table public.generation_oldest_waiting');
