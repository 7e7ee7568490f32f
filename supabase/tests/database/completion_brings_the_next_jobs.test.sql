-- One call settles a job, confirms the copies of jobs before and claims the next ones.
begin;
select plan(15);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from generation_private.workers;

select pgmq.send('image_generation_queue', jsonb_build_object(
  'storyboardId', 'sb', 'sceneId', 's' || n % 3, 'prompt', n::text
)) from generate_series(1, 5) as n;

create function pg_temp.claimed() returns setof public.generation_claim language sql as $$
  select * from public.claim_generation_jobs('image_generation_queue', 30, 1, array['m'], null, 60)
$$;
create function pg_temp.complete(msg_id bigint, lease_token integer, confirmed jsonb, next jsonb) returns jsonb language sql as $$
  select public.complete_generation_job(
    'image_generation_queue', $1, $2, 'p' || $1, 'u', 'image/png', 'm', null, null, confirmed => $3, next => $4
  )
$$;
create temporary table next as select jsonb_build_object(
  'lease_seconds', 30, 'quantity', 1, 'models', array['m'], 'fallback_after_seconds', null, 'job_deadline_seconds', 60
) as claim;

create temporary table first as select * from pg_temp.claimed();
create temporary table answer as
  select pg_temp.complete(f.msg_id, f.lease_token, null, n.claim) as is from first as f, next as n;
select is(a.is - 'publications' - 'entities' - 'claims', '{"held": true, "contended": false, "due": []}', 'the job has succeeded')
from answer as a;
select is(jsonb_array_length(a.is -> 'claims'), 1, 'and the next one comes with the answer') from answer as a;
create temporary table second as
  select c.* from answer as a, jsonb_populate_recordset(null::public.generation_claim, a.is -> 'claims') as c;
select is(s.message ->> 'prompt', '2', 'with its message') from second as s;
select is(j.status || ' ' || j.lease_token, 'running ' || s.lease_token, 'it is leased')
from second as s join public.generation_jobs as j on j.id = s.job_id;

create temporary table confirmation as
  select jsonb_build_array(jsonb_build_object('job_id', f.job_id, 'publications', a.is -> 'publications')) as made
  from first as f, answer as a;
insert into answer select pg_temp.complete(s.msg_id, s.lease_token, c.made, null) from second as s, confirmation as c;
select is(count(*), 0::bigint, 'the copies of the job before are confirmed')
from first as f join public.generation_publications as p on p.job_id = f.job_id;
select is(pg_temp.complete(s.msg_id, s.lease_token, c.made, n.claim) ->> 'held', 'true', 'a repeated call answers the same')
from second as s, confirmation as c, next as n;
select is((select count(*) from public.generation_jobs where status = 'running'), 1::bigint, 'but for the next jobs');

-- The fourth is of the scene of the first.
select is((select count(*) from pg_temp.claimed()), 1::bigint, 'the fourth is claimed');
create temporary table running as
  select msg_id, lease_token, prompt from public.generation_jobs where status = 'running';
select is(pg_temp.complete(r.msg_id, r.lease_token, c.made, null) -> 'due' -> 0 ->> 'scene_id', 's1', 'older copies are due again')
from running as r, confirmation as c where r.prompt = '4';

select is(pg_temp.complete(msg_id, lease_token, '[]', '{"quantity": 1000}') -> 'claims', 'null', 'a claim that fails undoes nothing')
from running where prompt = '3';
insert into public.generation_limits (model, jobs_in_flight) values ('m', 9);
create temporary table last as select * from pg_temp.claimed();
select is(pg_temp.complete(l.msg_id, l.lease_token, '[]', n.claim) -> 'claims', 'null', 'within limits a worker claims by itself')
from last as l, next as n;
delete from public.generation_limits;
insert into public.generation_models (model, state, rests_until) values ('x', 'resting', now());
select is(generation_private.claim_along('image_generation_queue', n.claim), null, 'so it does while a model is in trouble') from next as n;
delete from public.generation_models;
select is(
  generation_private.claim_along('image_generation_queue', n.claim || '{"models": ["other"]}'), null,
  'and one that has other models than the last worker'
) from next as n;

select is(
  public.maintain_generation_queue('image_generation_queue', c.made) #>> '{unpublished,0,publications,0,object_path}',
  'p' || r.msg_id, 'at the end of a run, copies are confirmed with what is overdue'
) from confirmation as c, running as r where r.prompt = '4';
select throws_ok(
  $$ select public.maintain_generation_queue('image_generation_queue', '{}') $$,
  '22023', 'confirmed: expected an array of jobs and their publications, got object', 'a list is expected'
);

select * from finish();
rollback;
