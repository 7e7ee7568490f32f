-- Deliveries are installed with the schedule, and removed with it.
begin;
select plan(7);
create function pg_temp.scheduled() returns text language sql as $$
  select schedule || ' ' || command from cron.job where jobname = 'deliver-generation-webhooks'
$$;
select public.install_generation_schedule('https://project.test', 'key');
select is(pg_temp.scheduled(), '10 seconds select from public.deliver_generation_webhooks()', 'every ten seconds');
select cron.unschedule('deliver-generation-webhooks');
select public.install_generation_schedule();
select isnt(pg_temp.scheduled(), null, 'installing it again repairs it');
update public.generation_worker_settings set call_interval_seconds = 20;
select is(count(*), 1::bigint, 'there is one') from cron.job where jobname = 'deliver-generation-webhooks';

insert into cron.job_run_details (jobid, return_message, start_time, end_time)
select jobid, hours::text, now() - make_interval(hours => hours), now() - make_interval(hours => hours)
from cron.job, unnest(array[23, 25]) as hours where jobname = 'deliver-generation-webhooks';
select generation_private.prune_schedule();
select is(array_agg(return_message), array['23'], 'its runs are kept for a day') from cron.job_run_details;

select ok(public.remove_generation_schedule(), 'removing the schedule');
select is(pg_temp.scheduled(), null, 'removes it');

create or replace function cron.schedule(job_name text, schedule text, command text) returns bigint language plpgsql as $$
begin
  if schedule like '%seconds' then raise exception 'invalid schedule: %', schedule using errcode = '22023'; end if;
  insert into cron.job (jobname, schedule, command) values ($1, $2, $3) on conflict do nothing;
  return 1;
end
$$;
select public.install_generation_schedule();
select is(left(pg_temp.scheduled(), 9), '* * * * *', 'an old pg_cron does it every minute');

select * from finish();
rollback;
