-- Deliveries are part of the schedule: installed with it, removed with it.

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

revoke all on all functions in schema generation_private from public;

-- Where the schedule is installed already.
do $$
begin
  if exists (select from public.generation_worker_settings as s where s.scheduled) then
    perform generation_private.schedule_webhooks();
  end if;
exception when others then
  raise notice 'the delivery of webhooks could not be scheduled: %', sqlerrm
    using hint = 'When that is mended: select install_generation_schedule();';
end
$$;

notify pgrst, 'reload schema';
