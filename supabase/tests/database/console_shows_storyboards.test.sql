-- The list of storyboards, and the scenes and characters of one.
begin;
select plan(21);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.kv_store_7ee7668a;

create function pg_temp.ended(number integer, queue text, message jsonb, status text, minutes integer) returns void
language sql as $$
  insert into public.generation_jobs
    (queue, msg_id, status, message, asset_url, enqueued_at, finished_at, updated_at, error_code, error_message)
  select queue, number, status, message, case status when 'succeeded' then 'asset-' || number end, at, at, at,
    case status when 'failed' then 'content_blocked' end, case status when 'failed' then 'refused' end
  from (select now() + make_interval(mins => minutes) as at) as time
$$;
create function pg_temp.card(slot text, id text) returns jsonb language sql as $$
  select card from jsonb_array_elements(public.generation_storyboard('sb') -> 'entities') as card
  where card ->> 'slot' = slot and card ->> 'id' = id
$$;

select is_empty('select * from public.generation_storyboards()', 'no jobs: no storyboards');
select is(public.generation_storyboard('sb'), '{"entities": [], "more": false}', 'nothing is known of one without jobs and entities');

select pg_temp.ended(1, 'image_generation_queue', '{"storyboardId": "sb", "sceneId": "1", "prompt": "first"}', 'succeeded', -9);
select pg_temp.ended(2, 'image_generation_queue', '{"storyboardId": "sb", "sceneId": "1", "prompt": "second"}', 'succeeded', -8);
select pg_temp.ended(3, 'video_generation_queue', '{"storyboardId": "sb", "sceneId": "1", "prompt": "moves"}', 'failed', -7);
select pg_temp.ended(4, 'image_generation_queue', '{"storyboardId": "sb", "sceneId": "2", "characterId": "ada"}', 'succeeded', -6);
select pg_temp.ended(5, 'image_generation_queue', '{"storyboardId": "sb", "prompt": "alone"}', 'succeeded', -5);
select pg_temp.ended(6, 'image_generation_queue', '{"storyboardId": "Other", "sceneId": "1"}', 'failed', -1);
select pg_temp.ended(7, 'image_generation_queue', '{"sceneId": "1"}', 'failed', -1);
select pgmq.send('video_generation_queue', '{"storyboardId": "sb", "sceneId": "1"}');
insert into public.kv_store_7ee7668a (key, value) values
  ('scene:sb:3', '{"title": "Untouched"}'), ('character:sb:ada', '{"name": "Ada"}'), ('scene:sbx:1', '{}');

select results_eq(
  'select storyboard_id, queued, running, waiting, failed, covers from public.generation_storyboards()',
  $$ values ('sb', 1::bigint, 0::bigint, 0::bigint, 1::bigint, '["asset-5", "asset-4", "asset-2", "asset-1"]'::jsonb),
    ('Other', 0, 0, 0, 1, '[]') $$,
  'storyboards, the one that changed last first, with their jobs and newest images'
);
select is(array_agg(storyboard_id), array['Other'], 'those that a part of the id names') from public.generation_storyboards('oth');
select is(count(*), 1::bigint, 'no more than were asked for') from public.generation_storyboards(null, 1);

select is(
  array(
    select format('%s %s', card ->> 'slot', coalesce(card ->> 'title', card ->> 'id'))
    from jsonb_array_elements(public.generation_storyboard('sb') -> 'entities') as card where card ->> 'slot' <> 'job'
  ),
  array['character Ada', 'scene 1', 'scene 2', 'scene Untouched'], 'what has jobs, and what has an entity'
);
select is(pg_temp.card('scene', '1') #>> '{image,url}', 'asset-2', 'the current image of a scene is its newest');
select is(pg_temp.card('scene', '1') ->> 'images', '2', 'of two');
select is(pg_temp.card('scene', '1') #>> '{failures,0,error_message}', 'refused', 'why its video failed');
select pg_temp.ended(8, 'video_generation_queue', '{"storyboardId": "sb", "sceneId": "1"}', 'succeeded', 0);
select is(pg_temp.card('scene', '1') -> 'failures', '[]', 'a success makes a failure before it history');
update public.generation_jobs set chosen_at = now() where asset_url = 'asset-1';
select is(pg_temp.card('scene', '1') #>> '{image,url}', 'asset-1', 'an older version that was chosen is the current one');
select is(pg_temp.card('character', 'ada') #>> '{image,url}', 'asset-4', 'a job of both is that of the character, too');
select is(
  (select card #>> '{image,prompt}' from jsonb_array_elements(public.generation_storyboard('sb') -> 'entities') as card where card ->> 'slot' = 'job'),
  'alone', 'a job of neither stands alone'
);

select pg_temp.ended(9, 'video_generation_queue', '{"storyboardId": "sb", "sceneId": "4"}', 'cancelled', 1);
select is(
  pg_temp.card('scene', '4') ->> 'videos', '0', 'a scene whose only job was cancelled is still there'
);

select is(
  (select array_agg(version ->> 'prompt') from jsonb_array_elements(public.generation_versions('sb', 'scene', '1') -> 'versions') as version),
  array[null, 'moves', 'second', 'first'], 'the versions of a scene, newest first, those that failed among them'
);
select is(
  public.generation_versions('sb', 'character', 'ada') #- '{versions,0,job_id}' #- '{versions,0,finished_at}',
  '{"more": false, "versions": [{"kind": "image", "status": "succeeded", "url": "asset-4", "content_type": null, "prompt": null,
    "source": null, "entities": null, "model": null, "cost_usd": null, "error_code": null, "error_message": null}]}',
  'those of a character, with what is shown of each'
);
select is(public.generation_versions('sb', 'scene', 'ada'), '{"more": false, "versions": []}', 'of what was never made there are none');

select is(failed, 0::bigint, 'a failure that a later success has replaced is not counted') from public.generation_storyboards('sb');
select pg_temp.ended(number, 'image_generation_queue', '{"storyboardId": "sb", "sceneId": "1", "characterId": "ada"}', 'failed', number)
from generate_series(10, 11) as number;
select is(failed, 2::bigint, 'two failures of a scene and a character are those of two') from public.generation_storyboards('sb');
select pg_temp.ended(number, 'image_generation_queue', jsonb_build_object('storyboardId', 'batch', 'prompt', number::text), 'succeeded', 0)
from generate_series(20, 24) as number;
select is(
  (select array_agg(card #>> '{image,prompt}') from jsonb_array_elements(public.generation_storyboard('batch') -> 'entities') as card),
  array['24', '23', '22', '21', '20'], 'jobs of neither, the newest first, also when they were sent at the same time'
);
select throws_ok($$ select public.generation_versions('sb', 'prop', '1') $$, '22023', 'slot: expected scene or character');

select * from finish();
rollback;
