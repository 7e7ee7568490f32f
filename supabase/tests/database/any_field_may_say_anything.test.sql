-- Whatever a message says in a field, it comes to its end by itself, and the messages around it are claimed.
begin;
select plan(9);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.generation_limits;
delete from public.generation_models;
insert into public.generation_limits (queue, fair_share) values ('video_generation_queue', 'storyboard');

create temporary table fields (name text);
insert into fields values ('storyboardId'), ('prompt'), ('sceneId'), ('characterId'), ('owner'), ('model'), ('priority'),
  ('webhookUrl'), ('sourceImageUrl'), ('sourceImageUrls'), ('editMode'), ('imageSize'), ('durationSeconds');
create temporary table hostile (name text, says jsonb);
insert into hostile values
  -- As text the first is more than PostgreSQL can write at all, the second 16 MB.
  ('9000 endless numbers', ('[1e131071' || repeat(',1e131071', 8999) || ']')::jsonb),
  ('990 small numbers', ('[[1e-16383' || repeat(',1e-16383', 989) || ']]')::jsonb),
  ('an endless number', '-1e131071'), ('an exact number', '1e-16383'), ('half a number', '0.5'), ('a large number', '4294967296'),
  ('a priority', '7.00'), ('a high priority', '1e2'), ('a priority too high', '100.0001'), ('a text with a number', '"5"'),
  ('deep', (repeat('[', 4000) || repeat(']', 4000))::jsonb),
  ('many keys', (select jsonb_object_agg(n, n) from generate_series(1, 2000) as n)),
  ('a long text', to_jsonb(repeat('x', 300000))), ('an empty text', '""'), ('odd characters', to_jsonb(chr(1) || chr(8232) || chr(65535))),
  ('nothing', 'null'), ('a boolean', 'true'), ('an empty list', '[]'), ('an empty object', '{}');

select lives_ok(format($$
  select pgmq.send(%L, '{"storyboardId": "sb", "prompt": "ordinary"}'
    || case when part = 1 then jsonb_build_object(f.name, h.says, 'seed', 1) else '{}' end)
  from fields as f, hostile as h, generate_series(0, 1) as part
  order by f.name, h.name, part
$$, queue_name), 'every one can be sent to ' || queue_name)
from unnest(generation_private.queue_names()) as queue_name;

-- Two seconds of a claim may go into messages that end.
create function pg_temp.claim_all(queue_name text, models text[]) returns bigint language plpgsql as $$
declare
  visible bigint;
begin
  for turn in 1..100 loop
    perform from public.claim_generation_jobs(queue_name, 600, 100, models);
    select count(*) into visible from generation_private.queue_messages() as q
    where q.queue = queue_name and q.vt <= clock_timestamp();
    exit when visible = 0;
  end loop;
  return visible;
end
$$;
select is(pg_temp.claim_all('image_generation_queue', null), 0::bigint, 'none is left');
select is(pg_temp.claim_all('video_generation_queue', '{first}'), 0::bigint, 'nor with limits');
select is(
  array(
    select distinct format('%s %s', j.status, j.error_code) from public.generation_jobs as j
    where not (j.message ? 'seed') order by 1
  ),
  array['failed invalid_message', 'running '], 'what can be read is with a worker, all else has ended'
);
select is(count(*), 2 * (select count(*) from fields, hostile), 'all that is ordinary is with a worker')
from public.generation_jobs where status = 'running' and message = '{"storyboardId": "sb", "prompt": "ordinary"}';
select is(
  array(
    select distinct regexp_replace(error_message, 'not \d+', 'not so many') from public.generation_jobs
    where status = 'failed' order by 1
  ),
  array['message: expected at most 100 levels of nesting', 'message: expected at most 1000 values',
    'message: expected at most 262144 bytes of JSON, not so many', 'message: expected numbers of at most 1.7e308',
    'prompt: expected at most 32768 bytes, not so many'],
  'with what is wrong'
);
select is(
  array(select distinct priority from public.generation_jobs order by 1), array[0, 7, 100], 'a priority is a whole number'
);
select is(count(*), 0::bigint, 'and no other field changes it') from public.generation_jobs
where priority <> 0 and not (message ? 'priority');

select * from finish();
rollback;
