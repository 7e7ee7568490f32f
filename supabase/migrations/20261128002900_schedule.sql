-- The schedule: pg_cron looks at the queues every few seconds and calls workers. With it installed,
-- messages that are sent wake workers at once; the looks are for what nobody sends: jobs that become
-- visible again, workers that have ended, calls that were lost.
create or replace function generation_private.schedule_name(queue_name text)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select case queue_name
    when 'image_generation_queue' then 'process-image-generation'
    when 'video_generation_queue' then 'process-video-generation'
  end
$$;
comment on function generation_private.schedule_name(text) is 'The name of a queue''s job in pg_cron.';

create or replace function generation_private.cron_expression(seconds integer)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when seconds < 60 then seconds || ' seconds'
    when seconds = 60 then '* * * * *'
    when seconds = 3600 then '0 * * * *'
    else format('*/%s * * * *', seconds / 60)
  end
$$;
comment on function generation_private.cron_expression(integer) is
  'An interval as pg_cron wants it: seconds under a minute, else whole minutes.';

create or replace function generation_private.schedule_calls(queue_name text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  seconds integer;
  name constant text := generation_private.schedule_name(queue_name);
  command constant text := format('select generation_private.call_workers(%L)', queue_name);
begin
  select s.call_interval_seconds into seconds
  from public.generation_worker_settings as s
  where s.queue = queue_name;
  begin
    perform cron.schedule(name, generation_private.cron_expression(seconds), command);
  exception when invalid_parameter_value then
    -- pg_cron knows seconds since 1.5.
    if seconds >= 60 then
      raise;
    end if;
    perform cron.schedule(name, '* * * * *', command);
    raise notice 'this pg_cron knows no seconds: % is called every minute instead of every % s', name, seconds;
  end;
end
$$;
comment on function generation_private.schedule_calls(text) is
  'Has pg_cron look at a queue as often as its settings say; replaces what was scheduled for it before.';

create or replace function generation_private.prune_schedule()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from generation_private.worker_calls as c where c.called_at < now() - interval '1 day';
  -- pg_cron keeps a row for every run, which is 26,000 a day, for ever.
  delete from cron.job_run_details as run
  using cron.job as job
  where job.jobid = run.jobid
    and job.jobname in (
      'process-image-generation', 'process-video-generation', 'deliver-generation-webhooks',
      'prune-generation-schedule'
    )
    and run.end_time < now() - interval '1 day';
end
$$;
comment on function generation_private.prune_schedule() is
  'Forgets calls of workers and runs of the schedule that are older than a day.';

-- pg_cron runs a job as the role that scheduled it. These functions run as their owner, so the
-- schedule is the owner's, whoever installs it.
create or replace function public.install_generation_schedule(
  project_url text default null,
  worker_key text default null
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  given record;
  known uuid;
  queue text;
begin
  if install_generation_schedule.project_url !~ '^https?://[^/[:space:]]+' then
    raise exception 'project_url: expected an address like https://PROJECT_REF.supabase.co, got %',
      quote_literal(left(install_generation_schedule.project_url, 100)) using errcode = '22023';
  end if;
  if install_generation_schedule.worker_key = '' then
    raise exception 'worker_key: expected a secret key of the project or WORKER_SECRET, got nothing'
      using errcode = '22023';
  end if;
  for given in
    select s.name, s.secret
    from (values
      ('project_url', install_generation_schedule.project_url),
      ('worker_key', install_generation_schedule.worker_key)
    ) as s (name, secret)
    where s.secret is not null and to_regclass('vault.decrypted_secrets') is not null
  loop
    select s.id into known from vault.decrypted_secrets as s where s.name = given.name;
    if known is null then
      perform vault.create_secret(given.secret, given.name);
    else
      perform vault.update_secret(known, given.secret);
    end if;
  end loop;
  perform generation_private.require_schedule();

  update public.generation_worker_settings set scheduled = true where scheduled is distinct from true;
  foreach queue in array array['image_generation_queue', 'video_generation_queue'] loop
    perform generation_private.schedule_calls(queue);
  end loop;
  perform cron.schedule(
    'prune-generation-schedule', '17 * * * *', 'select generation_private.prune_schedule()'
  );
end
$$;
comment on function public.install_generation_schedule(text, text) is
  'Has workers called by themselves, with pg_cron and pg_net. project_url and worker_key are kept in Vault under these '
  'names when given; else they have to be there. Calling it again replaces what was installed. Raises 55000 when an '
  'extension or a secret is missing; the hint is the statement that mends it.';
select generation_private.only_service_role('public.install_generation_schedule(text, text)');

create or replace function public.remove_generation_schedule()
returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  job record;
  removed boolean := false;
begin
  update public.generation_worker_settings set scheduled = false where scheduled is distinct from false;
  if to_regclass('cron.job') is not null then
    for job in
      select j.jobid
      from cron.job as j
      where j.jobname in (
        'process-image-generation', 'process-video-generation', 'prune-generation-schedule'
      )
    loop
      perform cron.unschedule(job.jobid);
      removed := true;
    end loop;
  end if;
  return removed;
end
$$;
comment on function public.remove_generation_schedule() is
  'Calls no workers any more, neither on a schedule nor when something is sent; the secrets stay. Answers whether '
  'there was a schedule.';
select generation_private.only_service_role('public.remove_generation_schedule()');

create or replace function public.generation_schedule()
returns table (
  queue text,
  installed boolean,
  schedule text,
  url text,
  missing jsonb,
  last_runs jsonb,
  last_calls jsonb
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  settings public.generation_worker_settings;
  job_id bigint;
  replies constant boolean := to_regclass('net._http_response') is not null
    and coalesce(has_table_privilege(to_regclass('net._http_response'), 'select'), false)
    and has_schema_privilege('net', 'usage');
begin
  select coalesce(jsonb_agg(to_jsonb(gap)), '[]') into missing
  from generation_private.schedule_requirements() as gap;

  for settings in select * from public.generation_worker_settings as s order by s.queue loop
    queue := settings.queue;
    schedule := null;
    url := null;
    last_runs := '[]';
    job_id := null;

    if to_regclass('vault.decrypted_secrets') is not null then
      url := rtrim(generation_private.schedule_secret('project_url'), '/')
        || '/functions/v1/' || settings.function_name;
    end if;
    if to_regclass('cron.job') is not null then
      select j.jobid, j.schedule into job_id, schedule
      from cron.job as j
      where j.jobname = generation_private.schedule_name(settings.queue) and j.active;
    end if;
    if job_id is not null and to_regclass('cron.job_run_details') is not null then
      select coalesce(jsonb_agg(to_jsonb(run) order by run.started_at desc), '[]') into last_runs
      from (
        select d.start_time as started_at, d.status, d.return_message as message
        from cron.job_run_details as d
        where d.jobid = job_id
        order by d.runid desc
        limit 5
      ) as run;
    end if;
    installed := coalesce(settings.scheduled, false) and job_id is not null;

    if replies then
      select coalesce(jsonb_agg(to_jsonb(call) order by call.called_at desc), '[]') into last_calls
      from (
        select c.called_at, r.status_code, r.error_msg as error
        from (
          select * from generation_private.worker_calls as w
          where w.queue = settings.queue
          order by w.called_at desc
          limit 5
        ) as c
        left join net._http_response as r on r.id = c.request_id
      ) as call;
    else
      select coalesce(jsonb_agg(to_jsonb(call) order by call.called_at desc), '[]') into last_calls
      from (
        select c.called_at
        from generation_private.worker_calls as c
        where c.queue = settings.queue
        order by c.called_at desc
        limit 5
      ) as call;
    end if;
    return next;
  end loop;
end
$$;
comment on function public.generation_schedule() is
  'One row a queue: whether workers are called by themselves, how often (schedule, null: not at all), where (url). missing: '
  'what the schedule needs and does not have, each with the remedy. last_runs: the last 5 looks at the queue, with their '
  'success. last_calls: the last 5 calls of workers, with the status that the function answered (null: no answer yet, or '
  'forgotten, which pg_net does after 6 hours) or the error.';
select generation_private.only_service_role('public.generation_schedule()');

-- An interval that is changed is one that pg_cron has to be told.
create or replace function generation_private.interval_changed()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform generation_private.schedule_calls(new.queue);
  return null;
end
$$;
comment on function generation_private.interval_changed() is
  'Trigger: the settings name another interval; the schedule follows.';
create or replace trigger generation_interval_changed
  after update of call_interval_seconds on public.generation_worker_settings
  for each row
  when (new.scheduled and new.call_interval_seconds <> old.call_interval_seconds)
  execute function generation_private.interval_changed();

-- Deliveries of webhooks are part of the schedule: installed with it, removed with it.

create or replace function generation_private.schedule_webhooks()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  name constant text := 'deliver-generation-webhooks';
  command constant text := 'select from public.deliver_generation_webhooks()';
begin
  perform cron.schedule(name, '10 seconds', command);
exception when invalid_parameter_value then
  perform cron.schedule(name, '* * * * *', command); -- pg_cron knows seconds since 1.5
end
$$;
comment on function generation_private.schedule_webhooks() is 'Has pg_cron deliver webhooks.';

create or replace function generation_private.schedule_changed()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from public.generation_worker_settings as s where s.scheduled) then
    perform generation_private.schedule_webhooks();
  elsif to_regclass('cron.job') is not null then
    perform cron.unschedule(j.jobid)
    from cron.job as j
    where j.jobname = 'deliver-generation-webhooks';
  end if;
  return null;
end
$$;
comment on function generation_private.schedule_changed() is
  'Trigger: the schedule was installed or removed; the deliveries follow.';
create or replace trigger generation_schedule_changed
  after update of scheduled on public.generation_worker_settings
  for each statement
  execute function generation_private.schedule_changed();

-- Installs it where it can be. Extensions that the server offers are created; where that is not
-- allowed, or the secrets are not there yet, it can be done later.
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

  select string_agg(gap.missing, ', ') into gaps from generation_private.schedule_requirements() as gap;
  if exists (select from public.generation_worker_settings where scheduled = false) then
    null; -- somebody has removed it
  elsif gaps is null then
    perform public.install_generation_schedule();
  else
    raise notice 'workers are not called by themselves yet, for want of %', gaps
      using hint = 'When they are there: select install_generation_schedule();';
  end if;
exception when others then
  raise notice 'the schedule could not be installed: %', sqlerrm
    using hint = 'When that is mended: select install_generation_schedule();';
end
$$;
