-- Both ids: both entities. An entity that is not there: not_found. No id: no entity.
begin;
select plan(6);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
insert into public.kv_store_7ee7668a (key, value) values
  ('scene:pgtap-sb:s1', '{}'), ('character:pgtap-sb:c1', '{}');

create function pg_temp.complete_next() returns jsonb language sql as $$
  select public.complete_generation_job(
    'image_generation_queue', msg_id, lease_token, 'o.png', 'https://x.test/o.png', 'image/png', 'm', null, null
  ) from public.claim_generation_jobs('image_generation_queue', 30, 1)
$$;

select pgmq.send('image_generation_queue', '{"storyboardId": "pgtap-sb", "sceneId": "s1", "characterId": "c1", "prompt": "p"}');
create temporary table both_ids as select pg_temp.complete_next() as body;
select is(body -> 'entities', '[
  {"slot": "character", "key": "character:pgtap-sb:c1", "outcome": "linked"},
  {"slot": "scene", "key": "scene:pgtap-sb:s1", "outcome": "linked"}
]', 'both entities are linked') from both_ids;
select is(jsonb_array_length(body -> 'publications'), 2, 'both current objects are to be copied') from both_ids;
select is(count(*), 2::bigint, 'both entities have the URL')
from public.kv_store_7ee7668a
where key in ('scene:pgtap-sb:s1', 'character:pgtap-sb:c1') and value ->> 'imageUrl' = 'https://x.test/o.png';

select pgmq.send('image_generation_queue', '{"storyboardId": "pgtap-sb", "sceneId": "missing", "prompt": "p"}');
select is(
  pg_temp.complete_next() -> 'entities',
  '[{"slot": "scene", "key": "scene:pgtap-sb:missing", "outcome": "not_found"}]',
  'a missing entity is reported, the job succeeds'
);

select pgmq.send('image_generation_queue', '{"storyboardId": "pgtap-sb", "prompt": "p"}');
select is(
  pg_temp.complete_next(), '{"held": true, "entities": [], "publications": [], "contended": false, "due": [], "claims": null}', 'no id, no entity, no copy'
);
select is(count(*), 1::bigint, 'and nothing to confirm')
from public.generation_jobs as j
where j.status = 'succeeded' and j.id not in (select job_id from public.generation_publications);

select * from finish();
rollback;
