begin;
select plan(13);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from generation_private.worker_calls;

-- A pg_cron before 1.5 knows no seconds.
create function pg_temp.every(seconds integer) returns text language sql as $$
  select case when exists (select from pg_extension where extname = 'pg_cron' and extversion < '1.5') then '* * * * *'
    else seconds || ' seconds' end
$$;
create function pg_temp.jobs() returns table (name text, schedule text, command text) language sql as $$
  select jobname::text collate "default", j.schedule, j.command from cron.job as j
  where jobname in (
    'deliver-generation-webhooks', 'process-image-generation', 'process-video-generation', 'prune-generation-schedule'
  ) order by 1
$$;

select public.remove_generation_schedule();
delete from vault.secrets where name in ('project_url', 'worker_key');
select is(public.remove_generation_schedule(), false, 'there is none yet');
select lives_ok($$ select public.install_generation_schedule('https://project.test', 'key') $$, 'it is installed');
select lives_ok($$ select public.install_generation_schedule('https://other.test') $$, 'again, with another address');
select is(
  array(select decrypted_secret from vault.decrypted_secrets where name in ('project_url', 'worker_key') order by name),
  array['https://other.test', 'key'],
  'both are secrets now, the key is the one from before'
);
select results_eq(
  $$ select * from pg_temp.jobs() $$,
  $$ values
    ('deliver-generation-webhooks', pg_temp.every(10), 'select from public.deliver_generation_webhooks()'),
    ('process-image-generation', pg_temp.every(10), 'select generation_private.call_workers(''image_generation_queue''), '
      'generation_private.assign_turns(''image_generation_queue'', 3000)'),
    ('process-video-generation', pg_temp.every(10), 'select generation_private.call_workers(''video_generation_queue''), '
      'generation_private.assign_turns(''video_generation_queue'', 3000)'),
    ('prune-generation-schedule', '17 * * * *', 'select generation_private.prune_schedule()') $$,
  'four jobs, however often it is installed'
);

select pgmq.send('video_generation_queue', '{}');
insert into net._http_response (id, status_code) select request_id, 202 from generation_private.worker_calls;
delete from cron.job_run_details;
insert into cron.job_run_details (runid, jobid, status, return_message, start_time)
select -2, jobid, 'failed', 'ERROR:  no', '2026-11-25 10:00:00+00' from cron.job where jobname = 'process-video-generation';
select results_eq(
  $$ select queue, installed, schedule, url, missing from public.generation_schedule() $$,
  $$ values
    ('image_generation_queue', true, pg_temp.every(10), 'https://other.test/functions/v1/process-image-generation', '[]'::jsonb),
    ('video_generation_queue', true, pg_temp.every(10), 'https://other.test/functions/v1/process-video-generation', '[]') $$,
  'it can be read'
);
select is(
  array(select jsonb_array_length(last_runs) || ' ' || jsonb_array_length(last_calls) from public.generation_schedule()),
  array['0 0', '1 1'], 'with what it did'
);
select is(last_calls -> 0 ->> 'status_code', '202', 'what the function answered')
from public.generation_schedule() where queue = 'video_generation_queue';
select is(
  last_runs -> 0 #>> '{}',
  '{"status": "failed", "message": "ERROR:  no", "started_at": "2026-11-25T10:00:00+00:00"}',
  'and how the last look went'
) from (select set_config('timezone', 'UTC', true)) as utc, public.generation_schedule()
where queue = 'video_generation_queue';

select is(public.remove_generation_schedule(), true, 'it is removed');
select is(count(*), 0::bigint, 'without a trace in pg_cron') from pg_temp.jobs();
select is(array(select installed from public.generation_schedule()), array[false, false], 'and says so');
select pgmq.send('image_generation_queue', '{}');
select is(count(*), 1::bigint, 'what is sent calls no worker any more') from generation_private.worker_calls;

select * from finish();
rollback;
