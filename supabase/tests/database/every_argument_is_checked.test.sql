-- Every argument of every function, also of those to come: null is refused by name, or it has a meaning.
begin;
select plan(2);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

-- What null means where it may be given: nothing to say, no such job, any job, false.
create temporary table may_be_null (function text, argument text);
insert into may_be_null values
  ('complete_generation_job', 'content_type'), ('complete_generation_job', 'model'),
  ('complete_generation_job', 'usage'), ('complete_generation_job', 'cost_usd'),
  ('complete_generation_job', 'passed_over'), ('complete_generation_job', 'generation_seconds'), ('begin_generation_submission', 'passed_over'),
  ('complete_generation_job', 'confirmed'), ('complete_generation_job', 'next'),
  ('maintain_generation_queue', 'confirmed'), ('maintain_generation_queue', 'told'),
  ('defer_generation_job', 'error_code'), ('defer_generation_job', 'error_message'),
  ('defer_generation_job', 'reset_submission'), ('defer_generation_job', 'waits_for'),
  ('defer_generation_job', 'spent_usd'), ('fail_generation_job', 'spent_usd'),
  ('report_generation_trouble', 'reason'), ('report_generation_trouble', 'rest_seconds'),
  ('reset_generation_models', 'model'),
  ('fail_generation_job', 'error_message'), ('fail_generation_job', 'reset_submission'),
  ('generation_job', 'job_id'), ('generation_storyboards', 'search'),
  ('generation_live_jobs', 'storyboard_id'), ('extend_generation_lease', 'alone'),
  ('redrive_generation_jobs', 'job_ids'), ('redrive_generation_jobs', 'error_code'),
  ('redrive_generation_jobs', 'queue_name'), ('redrive_generation_jobs', 'forget_operation'),
  ('generation_jobs_left_out', 'job_ids'), ('generation_jobs_left_out', 'error_code'),
  ('generation_jobs_left_out', 'queue_name'),
  ('prune_generation_jobs', 'include_failed'),
  ('claim_generation_jobs', 'models'), ('claim_generation_jobs', 'fallback_after_seconds'),
  ('claim_generation_jobs', 'claim_id'),
  ('cancelled_generation_operations', 'told'),
  ('enqueue_generation_job', 'idempotency_key'), ('enqueue_generation_job', 'priority'),
  ('install_generation_schedule', 'project_url'), ('install_generation_schedule', 'worker_key');

create temporary table argument as
select p.oid as function_oid, p.proname::text as function, a.name as argument, a.place,
  case a.type::regtype::text
    when 'text' then case a.name
      when 'queue_name' then '''image_generation_queue''' when 'asset_kind' then '''image'''
      when 'state' then '''resting''' when 'slot' then '''scene''' else '''x''' end
    when 'jsonb' then case when a.name in ('publications', 'confirmed') then '''[]''' else '''{}''' end
    when 'uuid' then 'gen_random_uuid()'
    when 'uuid[]' then 'array[gen_random_uuid()]'
    when 'text[]' then 'array[''x'']'
    when 'boolean' then 'false'
    when 'interval' then '''1 day'''
    when 'timestamp with time zone' then 'now()'
    else '1'
  end as sample
from pg_proc as p
cross join lateral unnest(p.proargnames[1:p.pronargs], p.proargtypes::oid[])
  with ordinality as a (name, type, place)
where p.pronamespace = 'public'::regnamespace
  and (p.proname like '%generation%' or p.proname = 'link_generated_asset');

-- The call with one argument changed, or none.
create function pg_temp.call(called oid, changed text, value text) returns text language sql as $$
  select format('select public.%I(%s)', function, string_agg(
    format('%I => %s', argument, case when argument = changed then value else sample end), ', ' order by place
  )) from argument where function_oid = called group by function
$$;
create function pg_temp.error_of(statement text) returns text language plpgsql as $$
begin
  execute statement;
  return null;
exception when others then
  return sqlstate || ' ' || sqlerrm;
end
$$;

select is_empty($$
  select pg_temp.call(function_oid, argument, 'null'), pg_temp.error_of(pg_temp.call(function_oid, argument, 'null')) as error
  from argument left join may_be_null using (function, argument)
  where (may_be_null.function is null)
    <> (coalesce(pg_temp.error_of(pg_temp.call(function_oid, argument, 'null')), '') like '22023 ' || argument || ': %')
$$, 'null is refused by name, unless it means something');

-- Queue names become names of tables: none but the two is let through.
create temporary table hostile as
select name from unnest(array[
  '', ' ', 'image_generation_queue ', ' image_generation_queue', 'IMAGE_GENERATION_QUEUE', 'Image_Generation_Queue',
  'q_image_generation_queue', 'a_image_generation_queue', 'meta', 'another_queue',
  'image_generation_queue"', '"image_generation_queue"', 'image_generation_queue''; drop table public.generation_jobs; --',
  'image_generation_queue; drop table public.generation_jobs', 'image_generation_queue/*', '../image_generation_queue',
  'pgmq.image_generation_queue', 'image_generation_queue' || chr(10), 'image_generation_queue' || chr(160),
  'ımage_generation_queue', 'image＿generation＿queue', 'imagе_generation_queue', chr(8203) || 'image_generation_queue',
  '%', '%I', '%s', '$1', '\', repeat('image_generation_queue', 5000)
]) as name;
select pgmq.create('another_queue');
select is_empty($$
  select pg_temp.call(function_oid, 'queue_name', quote_literal(left(name, 200)))
  from argument, hostile
  where argument = 'queue_name'
    and coalesce(pg_temp.error_of(pg_temp.call(function_oid, 'queue_name', quote_literal(name))), '') not like
      '22023 queue_name: expected image_generation_queue or video_generation_queue, got %'
$$, 'no other queue is touched, however it is spelled');

select * from finish();
rollback;
