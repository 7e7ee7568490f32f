-- Three versions of a scene, the second also of a character: the oldest is chosen, and stays until a job that was
-- enqueued after the choice succeeds, or another one is chosen.
begin;
select plan(33);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
insert into public.kv_store_7ee7668a (key, value) values ('scene:pgtap-sb:s1', '{"title": "Cliff"}'), ('character:pgtap-sb:c1', '{}');

create function pg_temp.send(prompt text, ids jsonb) returns bigint language sql as $$
  select pgmq.send('image_generation_queue', ids || jsonb_build_object('storyboardId', 'pgtap-sb', 'prompt', prompt))
$$;
create temporary table lease (job_id uuid, msg_id bigint, lease_token integer, n text);
create function pg_temp.claim() returns void language sql as $$
  insert into lease
  select job_id, msg_id, lease_token, message ->> 'prompt'
  from public.claim_generation_jobs('image_generation_queue', 600, 100)
$$;
create function pg_temp.complete(wanted text) returns jsonb language sql as $$
  select public.complete_generation_job(
    'image_generation_queue', msg_id, lease_token, n || '.png', 'https://x.test/' || n || '.png', 'image/png', 'm', null, null
  ) from lease where n = wanted
$$;
create function pg_temp.id(wanted text) returns uuid language sql as $$ select job_id from lease where n = wanted $$;
create function pg_temp.choose(wanted text) returns jsonb language sql as $$
  select public.choose_generation_result(pg_temp.id(wanted))
$$;
create function pg_temp.shown(entity text) returns text language sql as $$
  select value ->> 'imageUrl' from public.kv_store_7ee7668a where key = entity
$$;
create function pg_temp.due() returns text[] language sql as $$
  select array_agg(prompt || ' ' || p.publications order by prompt)
  from public.unpublished_generation_jobs('image_generation_queue', 100) as p join public.generation_jobs on id = job_id
$$;
create function pg_temp.confirm() returns void language sql as $$
  select public.confirm_generation_publication(j.id, generation_private.publications(j)) from public.generation_jobs as j
  where j.id in (select job_id from public.generation_publications)
$$;

select pg_temp.send(n, ids) from (values
  (1, 'late', '{"sceneId": "s1"}'::jsonb), (2, 'v1', '{"sceneId": "s1"}'), (3, 'v2', '{"sceneId": "s1", "characterId": "c1"}'),
  (4, 'v3', '{"sceneId": "s1"}'), (5, 'c', '{"characterId": "c1"}'), (6, 'nothing', '{}'), (7, 'fails', '{"sceneId": "s1"}')
) as sent (place, n, ids) order by place;
select pg_temp.claim();
-- On a project with Storage the objects are looked for.
do $$
begin
  if to_regclass('storage.objects') is not null then
    insert into storage.objects (bucket_id, name)
    select 'storyboard-images', n || '.png' from unnest(array['v1', 'v2', 'v3', 'c', 'late', 'after']) as n;
  end if;
end
$$;
select pg_temp.complete(n) from unnest(array['v1', 'v2', 'v3', 'c', 'nothing']) as n;
select pg_temp.confirm();

create temporary table first_choice as select pg_temp.choose('v1') as body;
select is(body ->> 'job_id', pg_temp.id('v1')::text, 'the choice names its job') from first_choice;
select is(body ->> 'asset_url', 'https://x.test/v1.png', 'and its asset') from first_choice;
select is(body -> 'entities', '[{"slot": "scene", "key": "scene:pgtap-sb:s1", "outcome": "linked"}]', 'and what it linked') from first_choice;
select is(value - 'imageGeneratedAt' - 'updatedAt', '{"title": "Cliff", "imageUrl": "https://x.test/v1.png"}', 'the scene has it at once')
from public.kv_store_7ee7668a where key = 'scene:pgtap-sb:s1';
select ok(due_at <= clock_timestamp(), 'a copy is due') from public.generation_publications where job_id = pg_temp.id('v1');
select is(public.generation_job(pg_temp.id('v1')) ->> 'chosen_at', to_json(chosen_at) #>> '{}', 'the job says when it was chosen')
from public.generation_jobs where prompt = 'v1';
select is(
  pg_temp.due(), array['v1 [{"slot": "scene", "choice": 1, "object_path": "v1.png", "content_type": "image/png"}]'],
  'the first worker that asks makes it'
);
select is(pg_temp.due(), null, 'and no other one');
select pg_temp.confirm();

select is(pg_temp.complete('late') #>> '{entities,0,outcome}', 'superseded', 'a job that was enqueued before does not undo it');
select is(pg_temp.shown('scene:pgtap-sb:s1'), 'https://x.test/v1.png', 'the scene keeps it');
select is(
  generation_private.publications(j) #>> '{0,object_path}', 'v1.png', 'so does the current object'
) from public.generation_jobs as j where prompt = 'late';
select pg_temp.confirm();

select is(jsonb_array_length(pg_temp.choose('v2') -> 'entities'), 2, 'a job of a scene and a character is chosen for both');
select is(pg_temp.shown('scene:pgtap-sb:s1'), 'https://x.test/v2.png', 'the later choice wins for the scene');
select is(pg_temp.shown('character:pgtap-sb:c1'), 'https://x.test/v2.png', 'and it has the character');
select is(
  pg_temp.due(), array[
    'v2 [{"slot": "scene", "choice": 1, "object_path": "v2.png", "content_type": "image/png"}, '
      || '{"slot": "character", "choice": 1, "object_path": "v2.png", "content_type": "image/png"}]'
  ], 'both are to be copied'
);
select pg_temp.choose('v3');
select pg_temp.choose('v2');
select is(pg_temp.shown('scene:pgtap-sb:s1'), 'https://x.test/v2.png', 'chosen again it wins again');
select is(
  pg_temp.due(), array['v3 [{"slot": "scene", "choice": 1, "object_path": "v2.png", "content_type": "image/png"}]'],
  'the worker that has its copies in hand is waited for, the other one copies what is current'
);
select pg_temp.confirm();
select pg_temp.choose('v3');
select pg_temp.choose('v3');
select is(array_length(pg_temp.due(), 1), 1, 'a choice that no worker has taken up may be made again');
select pg_temp.confirm();

select pg_temp.send('after', '{"sceneId": "s1"}');
update pgmq.q_image_generation_queue set enqueued_at = now() + interval '1 minute' where message ->> 'prompt' = 'after';
update public.generation_jobs set enqueued_at = now() + interval '1 minute' where prompt = 'after';
select pg_temp.claim();
select is(pg_temp.complete('after') #>> '{entities,0,outcome}', 'linked', 'a job that was enqueued after the choice undoes it');
select is(pg_temp.shown('scene:pgtap-sb:s1'), 'https://x.test/after.png', 'the scene has the new one');
select is(pg_temp.shown('character:pgtap-sb:c1'), 'https://x.test/v2.png', 'the character what was chosen for it');

-- What is current stays when old jobs are pruned.
select pg_temp.confirm();
select pg_temp.choose('v1');
select is(pg_temp.shown('scene:pgtap-sb:s1'), 'https://x.test/v1.png', 'a clock that was set back changes nothing');
select pg_temp.confirm();
update public.generation_jobs set finished_at = finished_at - interval '1 year' where finished_at is not null;
select public.prune_generation_jobs('30 days');
select is(
  array_agg(prompt order by prompt) filter (where status = 'succeeded'), array['v1', 'v2'], 'the chosen ones are not pruned'
) from public.generation_jobs;

delete from public.kv_store_7ee7668a where key = 'scene:pgtap-sb:s1';
select is(pg_temp.choose('v1') #>> '{entities,0,outcome}', 'not_found', 'an entity that is missing is no error');
insert into public.kv_store_7ee7668a (key, value) values ('scene:pgtap-sb:s1', '"text"');
select throws_ok($$ select pg_temp.choose('v1') $$, 'GJ001', 'Error updating entity scene:pgtap-sb:s1: the value is no JSON object but string',
  'one that cannot be linked is');

select throws_ok(
  $$ select public.choose_generation_result('00000000-0000-4000-8000-000000000000') $$,
  '22023', 'job_id: expected the id of a job that has succeeded, and there is no such job', 'an unknown job cannot be chosen'
);
select throws_ok(
  $$ select pg_temp.choose('fails') $$,
  '22023', 'job_id: expected a job that has succeeded, and this one is running', 'nor one that is not finished'
);
select pgmq.send('image_generation_queue', '{"storyboardId": "pgtap-sb", "prompt": "alone"}');
select pg_temp.claim();
select pg_temp.complete('alone');
select throws_ok(
  $$ select pg_temp.choose('alone') $$,
  '22023', 'job_id: expected a job of a scene or character, and this one belongs to neither', 'nor one without an entity'
);

-- A worker is called for the copy.
select public.install_generation_schedule('https://project.test', 'key');
update public.generation_worker_settings set most_workers = 4, debounce_seconds = 3;
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from generation_private.worker_calls;
update public.kv_store_7ee7668a set value = '{}' where key = 'scene:pgtap-sb:s1';
select pg_temp.choose('v1');
select is(count(*), 1::bigint, 'a choice calls a worker') from generation_private.worker_calls where queue = 'image_generation_queue';
select pg_temp.due();
delete from generation_private.worker_calls;
select is(generation_private.call_workers('image_generation_queue'), 0, 'not another one when the copy is in hand');
select pg_temp.confirm();
select is(generation_private.maintenance_since('image_generation_queue'), null, 'then nothing is left');
delete from vault.secrets where name = 'worker_key';
select lives_ok($$ select pg_temp.choose('v1') $$, 'a worker that cannot be called does not matter');
select is(pg_temp.shown('scene:pgtap-sb:s1'), 'https://x.test/v1.png', 'to the choice');

select * from finish();
rollback;
