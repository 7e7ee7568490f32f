begin;
select plan(3);
delete from generation_private.worker_calls;
select public.install_generation_schedule('https://project.test', 'key');
select cron.schedule('of another owner', '* * * * *', 'select 1');

insert into generation_private.worker_calls (queue, request_id, called_at)
values ('image_generation_queue', 1, now() - interval '23 hours'), ('image_generation_queue', 2, now() - interval '25 hours');
delete from cron.job_run_details;
insert into cron.job_run_details (runid, jobid, return_message, start_time, end_time)
select -row_number() over (), jobid, jobname || ' ' || hours, now() - make_interval(hours => hours), now() - make_interval(hours => hours)
from cron.job, unnest(array[23, 25]) as hours
where jobname ~ '^(process|deliver|prune)-' or jobname = 'of another owner';
delete from public.generation_models;
insert into public.generation_models (model, state, rests_until, updated_at)
values ('waited for', 'retired', now() - interval '23 hours', now() - interval '2 days'),
  ('forgotten', 'retired', now() - interval '25 hours', now() - interval '2 days'), ('well', 'ok', null, now() - interval '2 days'),
  ('resting', 'retired', now() + interval '1 hour', now() - interval '29 hours');
select generation_private.prune_schedule();

select is(array(select request_id from generation_private.worker_calls), array[1::bigint], 'calls are kept for a day');
select is(
  array(select return_message from cron.job_run_details order by return_message collate "C"),
  array[
    'deliver-generation-webhooks 23', 'of another owner 23', 'of another owner 25', 'process-image-generation 23', 'process-video-generation 23',
    'prune-generation-schedule 23'
  ],
  'and so are runs, of this schedule alone'
);

select set_eq('select model from public.generation_models', array['waited for', 'resting'],
  'and models that no job asks for');

select * from finish();
rollback;
