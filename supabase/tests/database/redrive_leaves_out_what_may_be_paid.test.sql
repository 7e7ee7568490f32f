-- No redrive pays a second time unless that is asked for, whatever code the job has failed with.
begin;
select plan(8);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

create temporary table ending (code text, submitted boolean);
insert into ending values
  ('submission_uncertain', true), ('attempts_exhausted', true), ('message_lost', true), ('storage_failed', true),
  ('storage_failed', false);
select pgmq.send('video_generation_queue', jsonb_build_object('storyboardId', 'sb', 'prompt', code)) from ending;
create temporary table lease as select * from public.claim_generation_jobs('video_generation_queue', 600, 5);
select public.begin_generation_submission('video_generation_queue', msg_id, lease_token, 'veo')
from lease where msg_id < (select max(msg_id) from lease);
select public.fail_generation_job('video_generation_queue', msg_id, lease_token, message ->> 'prompt', 'why') from lease;
create temporary table uncertain as select id from public.generation_jobs where submission_started_at is not null;

-- One that was cancelled while its submission was in flight.
select pgmq.send('video_generation_queue', '{"storyboardId": "sb", "prompt": "cancelled"}');
create temporary table stopped as select * from public.claim_generation_jobs('video_generation_queue', 600, 1);
select public.begin_generation_submission('video_generation_queue', msg_id, lease_token, 'veo') from stopped;
select public.cancel_generation_job(job_id) from stopped;

select is(
  array(select public.redrive_generation_jobs(array(select id from public.generation_jobs), forget_operation => null)),
  array(select id from public.generation_jobs where submission_started_at is null), 'by id, what is surely not paid for'
);
select is_empty(
  format('select public.redrive_generation_jobs(error_code => %L)', code), 'by the code ' || code
) from ending where submitted and code <> 'storage_failed';
select is_empty(
  $$ select public.redrive_generation_jobs(queue_name => 'video_generation_queue') $$, 'by queue'
);

select set_eq(
  $$ select job_id from public.generation_jobs_left_out(queue_name => 'video_generation_queue') $$,
  'select id from uncertain', 'what is left out is told'
);
select is(
  (
    select array_agg(regexp_replace(reason, '\d{4}\S+Z', 'TIME') order by reason)
    from public.generation_jobs_left_out(
      array(select job_id from stopped)
        || array(select id from uncertain limit 1)
        || '00000000-0000-4000-8000-000000000000'::uuid
    )
  ),
  array['it is cancelled',
    'it may have been paid for: a submission to veo was announced at TIME, and no operation was recorded',
    'there is no such job'],
  'and why'
);
select set_eq(
  $$ select public.redrive_generation_jobs(queue_name => 'video_generation_queue', forget_operation => true) $$,
  'select id from uncertain', 'on request all are sent again'
);

select * from finish();
rollback;
