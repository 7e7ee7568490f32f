-- Each live job with its place, and why it waits.
begin;
select plan(14);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.generation_models;
delete from public.generation_limits;
delete from generation_private.workers;
create function pg_temp.live(storyboard text, prompt text) returns jsonb language sql as $$
  select job from jsonb_array_elements(public.generation_live_jobs(storyboard) -> 'jobs') as job where job ->> 'prompt' = prompt
$$;

select is(public.generation_live_jobs('sb') - 'now', '{"changed_at": null, "jobs": [], "more": false}', 'nothing goes on');
select public.claim_generation_jobs('image_generation_queue', 30, 0, '{first,second}');
select pgmq.send('image_generation_queue', jsonb_build_object('storyboardId', board, 'prompt', prompt))
from (values ('sb', 'one'), ('other', 'two'), ('sb', 'three')) as m (board, prompt);
select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "later"}', 3600);

select is(pg_temp.live('sb', 'three') ->> 'position', '3', 'the place of a job counts those of all storyboards');
select is(pg_temp.live('sb', 'three') ->> 'held', null, 'nothing holds it');
select is(pg_temp.live('sb', 'two'), null, 'those of other storyboards are left out');
select isnt(pg_temp.live(null, 'two'), null, 'unless all are asked for');
select ok((pg_temp.live('sb', 'later') ->> 'visible_at')::timestamptz > now() + interval '50 minutes', 'a delayed job says until when');
select ok((public.generation_live_jobs('sb') ->> 'changed_at')::timestamptz <= clock_timestamp(), 'when something changed last');

insert into public.generation_limits (model, requests_per_minute) values ('first', 1);
select public.claim_generation_jobs('image_generation_queue', 30, 5, '{first,second}');
select is(pg_temp.live('sb', 'one') ->> 'status', 'running', 'one job is begun');
select is(
  (pg_temp.live('sb', 'three') -> 'held') - 'until',
  '{"by": "limit", "model": "first", "limit": "requests_per_minute", "most": 1}', 'the limit of its model holds the next'
);
select is(
  public.generation_job((pg_temp.live('sb', 'three') ->> 'id')::uuid) -> 'waits_for', pg_temp.live('sb', 'three') -> 'held',
  'the job by itself says the same'
);
select is(
  public.generation_job((pg_temp.live('sb', 'one') ->> 'id')::uuid) -> 'waits_for', 'null', 'no limit holds what is begun'
);
select ok(
  (pg_temp.live('sb', 'three') #>> '{held,until}')::timestamptz between clock_timestamp() and clock_timestamp() + interval '1 minute',
  'until a minute has passed'
);

insert into public.generation_models (model, state, rests_until, since, code, reason)
values ('first', 'resting', clock_timestamp() + interval '1 minute', clock_timestamp(), 'provider_unavailable', 'overloaded');
select is(
  (pg_temp.live('sb', 'three') -> 'held') - 'until',
  '{"by": "model", "model": "first", "state": "resting", "code": "provider_unavailable", "reason": "overloaded"}',
  'a model in trouble comes first'
);
select is(
  public.generation_job((pg_temp.live('sb', 'three') ->> 'id')::uuid) -> 'waits_for', pg_temp.live('sb', 'three') -> 'held',
  'the job by itself says the same'
);

select * from finish();
rollback;
