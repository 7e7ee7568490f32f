-- An error names the argument and what was expected.
begin;
select plan(60);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

create function pg_temp.refuses(call text, message text) returns text language sql as $$
  select throws_ok('select public.' || call, '22023', message, left(call, 100))
$$;

select pg_temp.refuses('claim_generation_jobs(''images'', 30, 5)',
  'queue_name: expected image_generation_queue or video_generation_queue, got ''images''');
select pg_temp.refuses('claim_generation_jobs(null, 30, 5)',
  'queue_name: expected image_generation_queue or video_generation_queue, got null');
select pg_temp.refuses(format('claim_generation_jobs(''image_generation_queue'', %s, 5)', lease_seconds),
  'lease_seconds: expected 1 to 43200 seconds, got ' || lease_seconds)
from unnest(array['0', '-1', '43201', '2147483647']) as lease_seconds;
select pg_temp.refuses(format('claim_generation_jobs(''image_generation_queue'', 30, %s)', quantity),
  'quantity: expected 0 to 100 messages, got ' || quantity)
from unnest(array['-1', '101']) as quantity;

select pg_temp.refuses(format('extend_generation_lease(''image_generation_queue'', 1, 1, %s)', lease_seconds),
  'lease_seconds: expected 1 to 43200 seconds, got ' || lease_seconds)
from unnest(array['0', '43201']) as lease_seconds;
select pg_temp.refuses('extend_generation_lease(''image_generation_queue'', null, 1, 30)',
  'msg_id: expected the id of a message, got null');
select pg_temp.refuses('extend_generation_lease(''image_generation_queue'', 1, null, 30)',
  'lease_token: expected the token of a claim, got null');

select pg_temp.refuses('begin_generation_submission(''video_generation_queue'', 1, 1, '''')',
  'model: expected the name of the model, got nothing');
select pg_temp.refuses('begin_generation_submission(''video_generation_queue'', 1, 1, repeat(''m'', 257))',
  'model: expected at most 256 bytes, not 257');
select pg_temp.refuses(format('record_generation_operation(''video_generation_queue'', 1, 1, %L)', operation),
  'operation: expected a JSON object that identifies the operation at the provider, got ' || jsonb_typeof(operation))
from unnest(array['null', '"op"', '["op"]', '1', 'true']::jsonb[]) as operation;
select pg_temp.refuses(
  'record_generation_operation(''video_generation_queue'', 1, 1, jsonb_build_object(''name'', repeat(''ü'', 32768)))',
  'operation: expected at most 65536 bytes, not 65548');
select pg_temp.refuses(
  format('record_generation_operation(''video_generation_queue'', 1, 1, ''{"cancelled_usd": %s}'')', cost),
  'operation.cancelled_usd: expected 0 to 999999 US dollars or null, got ' || cost)
from unnest(array['-0.01', '1000000', '999999.9999999']) as cost;

create function pg_temp.refuses_completion(argument text, value text, message text) returns text language sql as $$
  select pg_temp.refuses(
    'complete_generation_job(queue_name => ''image_generation_queue'', msg_id => 1, lease_token => 1, '
      || string_agg(format('%I => %s', name, case when name = argument then value else sample end), ', ') || ')',
    message
  )
  from (values ('object_path', '''p'''), ('asset_url', '''u'''), ('content_type', '''t'''), ('model', '''m'''),
    ('usage', 'null'), ('cost_usd', 'null')) as given (name, sample)
$$;
select pg_temp.refuses_completion('object_path', '''''', 'object_path: expected the path of the stored object, got nothing');
select pg_temp.refuses_completion('asset_url', '''''', 'asset_url: expected the URL of the stored object, got nothing');
select pg_temp.refuses_completion(name, format('repeat(''x'', %s)', bound + 1),
  format('%s: expected at most %s bytes, not %s', name, bound, bound + 1))
from (values ('object_path', 1024), ('asset_url', 4096), ('content_type', 256), ('model', 256)) as texts (name, bound);
select pg_temp.refuses_completion('usage', 'jsonb_build_object(''text'', repeat(''x'', 65536))',
  'usage: expected at most 65536 bytes, not 65548');
select pg_temp.refuses_completion('cost_usd', cost, 'cost_usd: expected 0 to 999999 US dollars or null, got ' || trim(both '''' from cost))
from unnest(array['''NaN''', '''Infinity''', '''-Infinity''', '-0.01', '1000000', '999999.9999999']) as cost;

select pg_temp.refuses(
  format('defer_generation_job(''video_generation_queue'', 1, 1, %L, true, null, null)', delay),
  'delay_seconds: expected 0 to 2592000 seconds, got ' || delay)
from unnest(array['NaN', 'Infinity', '-Infinity', '-1', '2592001']) as delay;
select pg_temp.refuses('fail_generation_job(''video_generation_queue'', 1, 1, '''', null)',
  'error_code: expected why the job has failed, got nothing');

select pg_temp.refuses(format('confirm_generation_publication(gen_random_uuid(), %L)', publications),
  'publications: expected an array of what was copied, got ' || jsonb_typeof(publications))
from unnest(array['{}', 'null']::jsonb[]) as publications;
select pg_temp.refuses('unpublished_generation_jobs(''video_generation_queue'', -1)',
  'quantity: expected 0 to 100 jobs, got -1');

select pg_temp.refuses(format('enqueue_generation_job(''video_generation_queue'', ''{}'', %s)', delay),
  'delay_seconds: expected 0 to 2592000 seconds, got ' || delay)
from unnest(array['-1', '2592001']) as delay;
select pg_temp.refuses('redrive_generation_jobs(error_code => '''')',
  'error_code: expected the code of failed jobs, got nothing');
select pg_temp.refuses('redrive_generation_jobs(array[gen_random_uuid(), null])',
  'job_ids: expected ids of jobs, got null among them');

select pg_temp.refuses(format('prune_generation_jobs(%L)', older_than),
  'older_than: expected 1 hour to 100 years, got ' || older_than::interval)
from unnest(array['59 minutes', '0', '-1 day', '1 month -31 days', '101 years']) as older_than;
select pg_temp.refuses('prune_generation_jobs(null)', 'older_than: expected 1 hour to 100 years, got null');
select pg_temp.refuses(format('prune_generation_jobs(''1 day'', quantity => %s)', quantity),
  'quantity: expected 1 to 100000, got ' || quantity)
from unnest(array['0', '-1', '100001']) as quantity;
select pg_temp.refuses('prune_generation_jobs(''1 day'', quantity => null)', 'quantity: expected 1 to 100000, got null');

select is(count(*), 0::bigint, 'nothing has been written') from public.generation_jobs;

select * from finish();
rollback;
