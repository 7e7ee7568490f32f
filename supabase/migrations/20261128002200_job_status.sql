-- How a job stands, with its place in the order in which jobs are claimed.

-- The priority once more, or the planner would look it up in every row.
create index if not exists generation_jobs_position
  on public.generation_jobs (queue, (-priority), turn, msg_id) include (priority)
  where status = 'queued';

create or replace function public.generation_job(job_id uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  job public.generation_jobs;
  visible_at timestamptz;
  place bigint;
begin
  select * into job from public.generation_jobs where id = generation_job.job_id;
  if not found then
    return null;
  end if;

  if job.status in ('queued', 'running', 'waiting') then
    if to_regclass(format('pgmq.%I', 'q_' || job.queue)) is not null then
      execute format(
        'select q.vt from pgmq.%I as q where q.msg_id = $1', 'q_' || job.queue
      ) into visible_at using job.msg_id;
    end if;
    if job.status = 'queued' then
      -- Those of a higher priority, those of an earlier turn, and those that were sent before: each is
      -- one stretch of the index. Compared as a row they would be looked for to its end.
      select count(*) into place
      from (
        (
          select
          from public.generation_jobs as other
          where other.queue = job.queue
            and other.status = 'queued'
            and -other.priority < -job.priority
          limit 10000
        )
        union all
        (
          select
          from public.generation_jobs as other
          where other.queue = job.queue
            and other.status = 'queued'
            and -other.priority = -job.priority
            and other.turn < job.turn
          limit 10000
        )
        union all
        (
          select
          from public.generation_jobs as other
          where other.queue = job.queue
            and other.status = 'queued'
            and -other.priority = -job.priority
            and other.turn = job.turn
            and other.msg_id <= job.msg_id
          limit 10000
        )
        limit 10000 -- where it matters no more, counting would cost more than it tells
      ) as ahead;
    end if;
  end if;

  return jsonb_build_object(
    'id', job.id,
    'queue', job.queue,
    'msg_id', job.msg_id,
    'kind', job.kind,
    'status', job.status,
    'owner', job.owner,
    'priority', job.priority,
    'idempotency_key', job.idempotency_key,
    'position', place,
    'attempts', job.attempts,
    'storyboard_id', job.storyboard_id,
    'scene_id', job.scene_id,
    'character_id', job.character_id,
    'prompt', job.prompt,
    'asset_url', job.asset_url,
    'object_path', job.object_path,
    'content_type', job.content_type,
    'model', job.model,
    'entities', job.entities,
    'error', case
      when job.error_code is not null
        then jsonb_build_object('code', job.error_code, 'message', job.error_message)
    end,
    'operation', job.operation,
    'usage', job.usage,
    'cost_usd', job.cost_usd,
    'history', job.history,
    'enqueued_at', job.enqueued_at,
    'started_at', job.started_at,
    'submitted_at', job.submitted_at,
    'finished_at', job.finished_at,
    'updated_at', job.updated_at,
    'visible_at', visible_at
  );
end
$$;
comment on function public.generation_job(uuid) is
  'A job as a JSON object, or null if there is none with this id. position: its place among the queued jobs of its queue '
  'in the order in which they are claimed, 1 is next, at most 10000, null unless queued; not looked at are the limits of '
  'models, and that with a fair share jobs that name different models take turns. error: code and message of the failure or the last deferral, or null. cost_usd in US dollars. started_at: '
  'when it was first claimed; submitted_at: when its operation at the provider was recorded. visible_at: when its message '
  'can be claimed (again), null when it has ended.';
select generation_private.only_service_role('public.generation_job(uuid)');
