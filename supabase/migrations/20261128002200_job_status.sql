-- How a job stands, with its place in the order in which jobs are claimed.

-- The priority once more, or the planner would look it up in every row.
create index if not exists generation_jobs_position
  on public.generation_jobs (queue, (-priority), turn, msg_id) include (priority)
  where status = 'queued';

-- The place of a queued job among those of its queue, at most 10,000: where it matters no more, counting would cost more
-- than it tells. Jobs of a higher priority, of an earlier turn, and those that were sent before are each one stretch
-- of the index; compared as a row they would be looked for to its end. Those without a turn come last.
create or replace function generation_private.position_of(job public.generation_jobs)
returns bigint
language plpgsql stable
as $$
begin
  return (
    select count(*)
    from (
      (
        select
        from public.generation_jobs as j
        where j.queue = job.queue and j.status = 'queued' and -j.priority < -job.priority
        limit 10000
      )
      union all
      (
        select
        from public.generation_jobs as j
        where j.queue = job.queue
          and j.status = 'queued'
          and -j.priority = -job.priority
          and j.turn < job.turn
        limit 10000
      )
      union all
      (
        select
        from public.generation_jobs as j
        where j.queue = job.queue
          and j.status = 'queued'
          and -j.priority = -job.priority
          and j.turn is not null
          and job.turn is null
        limit 10000
      )
      union all
      (
        select
        from public.generation_jobs as j
        where j.queue = job.queue
          and j.status = 'queued'
          and -j.priority = -job.priority
          and j.turn = job.turn
          and j.msg_id <= job.msg_id
        limit 10000
      )
      union all
      (
        select
        from public.generation_jobs as j
        where j.queue = job.queue
          and j.status = 'queued'
          and -j.priority = -job.priority
          and j.turn is null
          and job.turn is null
          and j.msg_id <= job.msg_id
        limit 10000
      )
      limit 10000
    ) as ahead
  );
end
$$;

create or replace function public.generation_job(job_id uuid)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  job public.generation_jobs;
begin
  select * into job from public.generation_jobs as j where j.id = job_id;
  if not found then
    return null;
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
    'position', case when job.status = 'queued' then generation_private.position_of(job) end,
    'waits_for', generation_private.held_of(job),
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
    'chosen_at', job.chosen_at,
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
    'visible_at', case
      when job.finished_at is null then (generation_private.find_message(job.queue, job.msg_id)).vt
    end
  );
end
$$;
comment on function public.generation_job is
  'A job as a JSON object, or null if there is none with this id. position: its place among the queued jobs of its queue '
  'in the order in which they are claimed, 1 is next, at most 10000, null unless queued; it leaves out the limits of '
  'models, and that with a fair share jobs that name different models take turns. waits_for: by '
  'model, the model in trouble that it has to wait for, with state, until, code and reason; by limit, the model whose '
  'limit is reached, with limit, most and until; or null. error: code and message of the failure '
  'or the last deferral, or null. cost_usd in US dollars. started_at: when it was first claimed; submitted_at: when its '
  'operation at the provider was recorded; chosen_at: when its asset was last '
  'chosen as the current one. visible_at: when its message can be claimed (again), null when it has ended.';
select generation_private.grant_to_service_role('execute', 'function public.generation_job');
