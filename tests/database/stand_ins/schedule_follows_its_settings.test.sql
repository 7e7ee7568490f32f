begin;
select plan(9);
select public.install_generation_schedule('https://project.test', 'key');

create function pg_temp.schedule() returns text
language sql as $$ select schedule from cron.job where jobname = 'process-image-generation' $$;
create function pg_temp.interval(seconds integer) returns text language sql as $$
  update public.generation_worker_settings set call_interval_seconds = seconds where queue = 'image_generation_queue';
  select pg_temp.schedule()
$$;

select is(pg_temp.interval(5), '5 seconds', 'one update changes how often a queue is checked');
select is(pg_temp.interval(60), '* * * * *', 'every minute');
select is(pg_temp.interval(300), '*/5 * * * *', 'every five');
select is(pg_temp.interval(3600), '0 * * * *', 'every hour');
select throws_ok($$ select pg_temp.interval(61) $$, '23514', null, 'what pg_cron cannot do is refused');
select is(schedule, '10 seconds', 'the other queue is not concerned') from cron.job where jobname = 'process-video-generation';

-- Before 1.5 pg_cron refused seconds, in these words.
create or replace function cron.schedule(job_name text, schedule text, command text) returns bigint
language plpgsql as $$
begin
  if schedule like '%second%' then
    raise exception 'invalid schedule: %', schedule using errcode = '22023';
  end if;
  update cron.job as j set schedule = $2, command = $3 where j.jobname = $1;
  return 1;
end
$$;
select is(pg_temp.interval(5), '* * * * *', 'an older pg_cron looks every minute');

select public.remove_generation_schedule();
update public.generation_worker_settings set call_interval_seconds = 7;
select is(count(*), 0::bigint, 'without a schedule the settings install none') from cron.job;
select is_empty(
  $$ select role, c.name
     from unnest(array['anon', 'authenticated', 'service_role']) as role,
       unnest(array['queue', 'scheduled', 'most_workers']) as c (name)
     where has_column_privilege(role, 'public.generation_worker_settings', c.name, 'update')
       <> (role = 'service_role' and c.name = 'most_workers')
       or has_any_column_privilege(role, 'public.generation_worker_settings', 'select') <> (role = 'service_role')
       or has_table_privilege(role, 'public.generation_worker_settings', 'insert, delete, truncate') $$,
  'service_role may change them, no other role may read them'
);

select * from finish();
rollback;
