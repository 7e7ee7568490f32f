begin;
select plan(8);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

create function pg_temp.owner_of(fields jsonb) returns text language plpgsql as $$
declare
  sent uuid;
begin
  select job_id into sent from public.enqueue_generation_job(
    'image_generation_queue', fields || '{"storyboardId": "sb", "prompt": "p"}'
  );
  return public.generation_job(sent) ->> 'owner';
end
$$;

select is(pg_temp.owner_of('{"owner": "team-1"}'), 'team-1', 'the owner that the message names');
select is(pg_temp.owner_of('{}'), null, 'none, when no user is signed in');
select is(pg_temp.owner_of('{"owner": 7}'), null, 'an owner that is no text counts as none');
select is(length(pg_temp.owner_of(jsonb_build_object('owner', repeat('x', 300)))), 256, 'one without end is cut');

set local "request.jwt.claims" = '{"sub": "b1946ac9-user", "role": "authenticated"}';
select is(pg_temp.owner_of('{}'), 'b1946ac9-user', 'the signed-in user');
select is(pg_temp.owner_of('{"owner": "team-1"}'), 'team-1', 'the message goes before the user');
set local "request.jwt.claims" = 'no json';
select is(pg_temp.owner_of('{}'), null, 'claims that are none do not keep a sender from sending');

set local "request.jwt.claims" = '{"sub": "another user"}';
update pgmq.q_image_generation_queue set message = message || '{"owner": "mallory"}';
select * from public.claim_generation_jobs('image_generation_queue', 30, 10);
select is(
  array(select owner from public.generation_jobs order by msg_id),
  array['team-1', null, null, repeat('x', 256), 'b1946ac9-user', 'team-1', null],
  'it is never changed'
);

select * from finish();
rollback;
