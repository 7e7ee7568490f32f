-- The schedule: pg_cron checks the queues every few seconds and calls workers. With it installed, messages that are
-- sent wake workers at once; the checks are for the rest: jobs that become visible again, workers that have ended,
-- calls that were lost. The delivery of webhooks is part of it.

create or replace function generation_private.schedule_name(queue_name text)
returns text
language sql immutable
return case queue_name
  when 'image_generation_queue' then 'process-image-generation'
  when 'video_generation_queue' then 'process-video-generation'
end;

-- The schedule's jobs in pg_cron; none without pg_cron.
create or replace function generation_private.scheduled_jobs()
returns setof bigint
language plpgsql stable
as $$
begin
  if to_regclass('cron.job') is null then
    return;
  end if;
  return query
  select j.jobid
  from cron.job as j
  where j.jobname in ('deliver-generation-webhooks', 'prune-generation-schedule')
    or j.jobname in (
      select generation_private.schedule_name(name) from unnest(generation_private.queue_names()) as name
    );
end
$$;

-- Has pg_cron execute a command so often, instead of what had the name before. pg_cron knows whole minutes that divide
-- an hour, and since 1.5 seconds under a minute.
create or replace function generation_private.schedule_command(job_name text, seconds integer, command text)
returns void
language plpgsql
as $$
begin
  perform cron.schedule(
    job_name,
    case
      when seconds < 60 then seconds || ' seconds'
      when seconds = 60 then '* * * * *'
      when seconds = 3600 then '0 * * * *'
      else format('*/%s * * * *', seconds / 60)
    end,
    command
  );
exception when invalid_parameter_value then
  if seconds >= 60 then
    raise;
  end if;
  perform cron.schedule(job_name, '* * * * *', command);
  raise notice 'this pg_cron knows no seconds: % is called every minute instead of every % s', job_name, seconds;
end
$$;

-- Has pg_cron check a queue as often as its settings say, and give the next of its jobs their turns while these are missing.
create or replace function generation_private.schedule_calls(settings public.generation_worker_settings)
returns void
language plpgsql
as $$
begin
  perform generation_private.schedule_command(
    generation_private.schedule_name(settings.queue),
    settings.call_interval_seconds,
    format(
      'select generation_private.call_workers(%1$L), generation_private.assign_turns(%1$L, 3000)', settings.queue
    )
  );
end
$$;

create or replace function generation_private.interval_changed()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform generation_private.schedule_calls(new);
  return null;
end
$$;

create or replace trigger generation_interval_changed
  after update of call_interval_seconds on public.generation_worker_settings
  for each row
  when (new.scheduled and new.call_interval_seconds <> old.call_interval_seconds)
  execute function generation_private.interval_changed();

-- Forgets calls of workers and runs of the schedule that are older than a day. pg_cron keeps a row for every run, which
-- is 26,000 a day, for ever. So do models that could have been probed for a day: no job asks for them, and a message may
-- name any.
create or replace function generation_private.prune_schedule()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform generation_private.count_ended_jobs();
  delete from generation_private.worker_calls as c where c.called_at < now() - interval '1 day';
  delete from public.generation_models as m
  where coalesce(m.rests_until, m.updated_at) < now() - interval '1 day';
  delete from cron.job_run_details as run
  where run.jobid in (select generation_private.scheduled_jobs()) and run.end_time < now() - interval '1 day';
end
$$;

-- Nothing happens when there is no secret, or no Vault.
create or replace function generation_private.store_secret(secret_name text, secret text)
returns void
language plpgsql
as $$
declare
  known uuid;
begin
  if secret is null or to_regclass('vault.decrypted_secrets') is null then
    return;
  end if;
  select s.id into known from vault.decrypted_secrets as s where s.name = secret_name;
  if known is null then
    perform vault.create_secret(secret, secret_name);
  else
    perform vault.update_secret(known, secret);
  end if;
end
$$;

-- pg_cron runs a job as the role that scheduled it. These functions run as their owner, so the schedule is the owner's,
-- whichever role installs it.

create or replace function public.install_generation_schedule(
  project_url text default null,
  worker_key text default null
)
returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if project_url !~ '^https?://[^/[:space:]]+' then
    raise exception 'project_url: expected an address like https://PROJECT_REF.supabase.co, got %',
      quote_literal(left(project_url, 100)) using errcode = '22023';
  end if;
  if project_url ~* 'project[-_]ref|[<>{}]' then
    raise exception 'project_url: expected the address of your project, got the placeholder %',
      quote_literal(left(project_url, 100)) using errcode = '22023';
  end if;
  if worker_key ~* '^(your|<|secret[-_]key)' then
    raise exception 'worker_key: expected a secret key of the project or WORKER_SECRET, got a placeholder'
      using errcode = '22023';
  end if;
  if worker_key = '' then
    raise exception 'worker_key: expected a secret key of the project or WORKER_SECRET, got nothing'
      using errcode = '22023';
  end if;
  perform generation_private.store_secret('project_url', project_url);
  perform generation_private.store_secret('worker_key', worker_key);
  perform generation_private.require_schedule();

  update public.generation_worker_settings as s set scheduled = true where s.scheduled is distinct from true;
  perform generation_private.schedule_calls(s) from public.generation_worker_settings as s order by s.queue;
  perform generation_private.schedule_command(
    'deliver-generation-webhooks', 10, 'select from public.deliver_generation_webhooks()'
  );
  perform cron.schedule(
    'prune-generation-schedule', '17 * * * *', 'select generation_private.prune_schedule()'
  );
end
$$;
comment on function public.install_generation_schedule is
  'Has workers called, and webhooks delivered, on a schedule, with pg_cron and pg_net. project_url and worker_key are kept '
  'in Vault under these names when given; else they have to be there. Calling it again replaces what was installed. Raises '
  '55000 when an extension or a secret is missing; the hint is the statement that supplies it.';
select generation_private.grant_to_service_role('execute', 'function public.install_generation_schedule');

create or replace function public.remove_generation_schedule()
returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  job_id bigint;
  removed boolean := false;
begin
  update public.generation_worker_settings as s set scheduled = false where s.scheduled is distinct from false;
  for job_id in select generation_private.scheduled_jobs() loop
    perform cron.unschedule(job_id);
    removed := true;
  end loop;
  return removed;
end
$$;
comment on function public.remove_generation_schedule is
  'Calls no workers any more, neither on a schedule nor when something is sent; the secrets stay. Returns whether '
  'there was a schedule.';
select generation_private.grant_to_service_role('execute', 'function public.remove_generation_schedule');

-- The last 5 runs of a job of pg_cron.
create or replace function generation_private.last_runs(job_id bigint)
returns jsonb
language plpgsql stable
as $$
begin
  if job_id is null or to_regclass('cron.job_run_details') is null then
    return '[]';
  end if;
  return (
    select coalesce(jsonb_agg(to_jsonb(run) order by run.started_at desc), '[]')
    from (
      select d.start_time as started_at, d.status, d.return_message as message
      from cron.job_run_details as d
      where d.jobid = job_id
      order by d.runid desc
      limit 5
    ) as run
  );
end
$$;

-- The last 5 calls of workers, with the replies where these can be read.
create or replace function generation_private.last_calls(queue_name text)
returns jsonb
language plpgsql stable
as $$
declare
  readable constant boolean := generation_private.replies_are_readable();
  calls jsonb := '[]';
  call record;
  reply record;
begin
  for call in
    select c.called_at, c.request_id
    from generation_private.worker_calls as c
    where c.queue = queue_name
    order by c.called_at desc
    limit 5
  loop
    if readable then
      select r.status_code, r.error_msg into reply from net._http_response as r where r.id = call.request_id;
      calls := calls || jsonb_build_object(
        'called_at', call.called_at, 'status_code', reply.status_code, 'error', reply.error_msg
      );
    else
      calls := calls || jsonb_build_object('called_at', call.called_at);
    end if;
  end loop;
  return calls;
end
$$;

create or replace function public.generation_schedule()
returns table (
  queue text,
  installed boolean,
  schedule text,
  url text,
  missing jsonb,
  last_runs jsonb,
  last_calls jsonb,
  claim_errors jsonb,
  unclaimed_seconds double precision
)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  settings public.generation_worker_settings;
  job_id bigint;
begin
  select coalesce(jsonb_agg(to_jsonb(gap)), '[]') into missing
  from generation_private.schedule_requirements() as gap;

  for settings in select * from public.generation_worker_settings as s order by s.queue loop
    if to_regclass('cron.job') is not null then
      select j.jobid, j.schedule into job_id, schedule
      from cron.job as j
      where j.jobname = generation_private.schedule_name(settings.queue) and j.active;
    end if;
    queue := settings.queue;
    installed := coalesce(settings.scheduled, false) and job_id is not null;
    url := generation_private.function_address(settings);
    last_runs := generation_private.last_runs(job_id);
    last_calls := generation_private.last_calls(settings.queue);
    claim_errors := generation_private.last_claim_errors(settings.queue);
    unclaimed_seconds := (
      select w.waiting_seconds
      from public.generation_oldest_waiting as w
      where w.queue = settings.queue and w.waits_for is null
    );
    return next;
  end loop;
end
$$;
comment on function public.generation_schedule is
  'One row a queue: whether workers are called by themselves, how often (schedule, null: not at all), where (url). missing: '
  'what the schedule needs and does not have, each with the remedy. last_runs: the last 5 checks of the queue, with their '
  'success. last_calls: the last 5 calls of workers, with the status that the function returned (null: no answer yet, or '
  'forgotten, which pg_net does after 6 hours) or the error. claim_errors: the last 5 errors of the last hour that claims '
  'have met with single messages. unclaimed_seconds: for how long a message has been visible that waits neither for a model '
  'in trouble nor for a limit in use, and that no worker has taken; null: there is none.';
select generation_private.grant_to_service_role('execute', 'function public.generation_schedule');

-- Installs it where that is possible, unless it was removed. Extensions that the server offers are created; where that
-- is not allowed, or the secrets are not there yet, it can be installed later.
do $$
declare
  extension text;
  gaps text;
begin
  foreach extension in array array['pg_cron', 'pg_net'] loop
    if exists (
      select from pg_available_extensions where name = extension and installed_version is null
    ) then
      begin
        execute format('create extension %I', extension);
      exception when others then
        raise notice 'the extension % cannot be created: %', extension, sqlerrm;
      end;
    end if;
  end loop;

  if exists (select from public.generation_worker_settings as s where s.scheduled = false) then
    return;
  end if;
  select string_agg(gap.missing, ', ') into gaps from generation_private.schedule_requirements() as gap;
  if gaps is null then
    perform public.install_generation_schedule();
  else
    raise notice 'workers are not called by themselves yet, because this is missing: %', gaps
      using hint = 'When it is there: select install_generation_schedule();';
  end if;
exception when others then
  raise notice 'the schedule could not be installed: %', sqlerrm
    using hint = 'When that is fixed: select install_generation_schedule();';
end
$$;
