-- However much was sent, and whatever it says, a reply to a console has a bounded length, and says that there is more.
begin;
select plan(16);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;
delete from public.kv_store_7ee7668a;

create function pg_temp.send(more jsonb) returns bigint language sql as $$
  select pgmq.send('image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}' || more)
$$;
create function pg_temp.live(quantity integer) returns jsonb language sql as $$
  select public.generation_live_jobs(null, quantity)
$$;
create function pg_temp.said(name text) returns jsonb language sql as $$
  select jsonb_agg(job -> name order by job ->> 'enqueued_at', job ->> 'position') from jsonb_array_elements(pg_temp.live(10) -> 'jobs') as job
$$;

select pg_temp.send(m) from unnest(array[
  jsonb_build_object('sourceImageUrl', repeat('u', 200000), 'editMode', true),
  jsonb_build_object('sourceImageUrls', jsonb_build_array(repeat('v', 200000)), 'editMode', repeat('e', 1000)),
  jsonb_build_object('sourceImageUrl', (select jsonb_agg(n) from generate_series(1, 900) as n)),
  jsonb_build_object('sourceImageUrls', jsonb_build_array((select jsonb_agg(n) from generate_series(1, 900) as n)))
]) as m;
select is(pg_temp.said('source'), jsonb_build_array(repeat('u', 2048), repeat('v', 2048), null, null), 'a source is a text, cut');
select is(pg_temp.said('edit'), '[true, false, false, false]', 'whether it is an edit is true or false');
select is(pg_temp.live(4) -> 'more', 'false', 'these are all');
select is(jsonb_array_length(pg_temp.live(3) -> 'jobs'), 3, 'no more than are asked for');
select is(pg_temp.live(3) -> 'more', 'true', 'though there are more');
select pgmq.send('video_generation_queue', '{"storyboardId": "sb", "prompt": "p"}') from generate_series(1, 4);
select is(jsonb_array_length(pg_temp.live(4) -> 'jobs'), 4, 'of both queues together');

select pg_temp.send(jsonb_build_object('sourceImageUrl', repeat(chr(8364), 10000), 'prompt', repeat(chr(8364), 1000)))
from generate_series(1, 1000);
select ok(
  octet_length(live::text) between 3900000 and 4100000 and live -> 'more' = 'true', 'nor more than 4 MB'
) from pg_temp.live(1000) as live;

-- What has ended.
update public.generation_jobs
set status = 'succeeded', finished_at = clock_timestamp(), asset_url = repeat('a', 4096), object_path = 'o';
create function pg_temp.board() returns jsonb language sql as $$ select public.generation_storyboard('sb') $$;
select ok(
  octet_length(board::text) between 3900000 and 4200000 and board -> 'more' = 'true', 'a storyboard has no more than 4 MB'
) from pg_temp.board() as board;
update public.generation_jobs set asset_url = 'a', message = '{"storyboardId": "sb"}', scene_id = null, prompt = null;
select is(pg_temp.board() -> 'more', 'false', 'what fits is all there');
insert into public.kv_store_7ee7668a (key, value)
select 'scene:sb:' || n, jsonb_build_object('title', repeat('t', 1000), 'imageUrl', n) from generate_series(1, 1500) as n;
create temporary table board as select pg_temp.board() as reply;
select is(reply -> 'more', 'true', 'of 2508 there are more') from board;
select is(jsonb_array_length(reply -> 'entities'), 2000, 'than 2000') from board;
select is(
  (select count(*) from jsonb_array_elements(reply -> 'entities') as card where card ->> 'slot' = 'scene'), 1500::bigint,
  'the scenes are all among them'
) from board;
select is(reply #> '{entities,0}', '{"slot": "scene", "id": "1", "image": null, "video": null, "images": 0, "videos": 0, "failures": []}'
  || jsonb_build_object('title', repeat('t', 200)), 'with what can be shown of them') from board;

-- The versions of a scene, whatever their messages say.
update public.generation_jobs
set scene_id = '1', prompt = repeat('p', 4000),
  message = jsonb_build_object('storyboardId', 'sb', 'sceneId', '1', 'prompt', repeat('p', 100000), 'sourceImageUrl', 'https://before');
create temporary table versions as select public.generation_versions('sb', 'scene', '1') as reply;
select is(jsonb_array_length(reply -> 'versions'), 200, 'of a scene there are 200 versions') from versions;
select is(reply -> 'more', 'true', 'of 1008 there are more') from versions;
select ok(
  octet_length(reply::text) < 200000 and reply #>> '{versions,0,source}' = 'https://before', 'with their sources and without their messages'
) from versions;

select * from finish();
rollback;
