-- An error names the argument and what was expected.
begin;
select plan(11);

create function pg_temp.refuses(call text, message text) returns text language sql as $$
  select throws_ok(call, '22023', message, call)
$$;

select pg_temp.refuses('select public.claim_generation_jobs(''images'', 30, 5)',
  'queue: expected image_generation_queue or video_generation_queue, got ''images''');
select pg_temp.refuses('select public.claim_generation_jobs(null, 30, 5)',
  'queue: expected image_generation_queue or video_generation_queue, got null');
select pg_temp.refuses('select public.claim_generation_jobs(''image_generation_queue'', 0, 5)',
  'lease_seconds: expected 1 to 43200 seconds, got 0');
select pg_temp.refuses('select public.claim_generation_jobs(''image_generation_queue'', 30, 101)',
  'quantity: expected 0 to 100 messages, got 101');
select pg_temp.refuses('select public.extend_generation_lease(''image_generation_queue'', null, 1, 30)',
  'msg_id: expected the id of a message, got null');
select pg_temp.refuses('select public.extend_generation_lease(''image_generation_queue'', 1, null, 30)',
  'lease_token: expected the token of a claim, got null');
select pg_temp.refuses('select public.begin_generation_submission(''video_generation_queue'', 1, 1, '''')',
  'model: expected the name of the model, got nothing');
select pg_temp.refuses('select public.record_generation_operation(''video_generation_queue'', 1, 1, ''null'')',
  'operation: expected what identifies the operation at the provider, got null');
select pg_temp.refuses(
  'select public.defer_generation_job(''video_generation_queue'', 1, 1, ''NaN'', true, null, null)',
  'delay_seconds: expected 0 to 2592000 seconds, got NaN');
select pg_temp.refuses('select public.fail_generation_job(''video_generation_queue'', 1, 1, null, null)',
  'error_code: expected why the job has failed, got nothing');
select pg_temp.refuses('select public.unpublished_generation_jobs(''video_generation_queue'', -1)',
  'quantity: expected 0 to 100 jobs, got -1');

select * from finish();
rollback;
