-- One job, for whoever sent it: how it stands, and that it is not wanted any more.

create or replace function public.generation_job(job_id uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
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
      select count(*) into place
      from public.generation_jobs as other
      where other.queue = job.queue and other.status = 'queued' and other.msg_id <= job.msg_id;
    end if;
  end if;

  return jsonb_build_object(
    'id', job.id,
    'queue', job.queue,
    'msg_id', job.msg_id,
    'kind', job.kind,
    'status', job.status,
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
    'finished_at', job.finished_at,
    'visible_at', visible_at
  );
end
$$;
comment on function public.generation_job(uuid) is
  'A job as a JSON object, or null if there is none with this id. position: its place among the queued jobs of its queue, '
  '1 is next, null unless queued. error: code and message of the failure or the last deferral, or null. cost_usd in US '
  'dollars. visible_at: when its message can be claimed (again), null when it has ended.';
select generation_private.only_service_role('public.generation_job(uuid)');

create or replace function public.cancel_generation_job(job_id uuid)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  job public.generation_jobs;
begin
  select * into job from public.generation_jobs where id = cancel_generation_job.job_id;
  if not found then
    return jsonb_build_object('cancelled', false, 'status', null);
  end if;

  -- The message first, as everywhere; then the row as it is by now.
  if to_regclass(format('pgmq.%I', 'q_' || job.queue)) is not null then
    execute format(
      'select from pgmq.%I as q where q.msg_id = $1 for update', 'q_' || job.queue
    ) using job.msg_id;
  end if;
  select * into job
  from public.generation_jobs
  where id = cancel_generation_job.job_id
  for update;

  if job.status not in ('queued', 'running', 'waiting') then
    return jsonb_build_object('cancelled', false, 'status', job.status);
  end if;
  update public.generation_jobs as j
  set status = 'cancelled', finished_at = clock_timestamp(), updated_at = clock_timestamp()
  where j.id = job.id;
  if to_regclass(format('pgmq.%I', 'q_' || job.queue)) is not null then
    perform pgmq.archive(job.queue, job.msg_id);
  end if;
  return jsonb_build_object('cancelled', true, 'status', 'cancelled');
end
$$;
comment on function public.cancel_generation_job(uuid) is
  'Cancels a job that has not ended, at once: its message is archived, and a worker that has it in hand can no longer '
  'write to it. Answers cancelled (true or false) and the status that the job has now (null: no such job).';
select generation_private.only_service_role('public.cancel_generation_job(uuid)');
