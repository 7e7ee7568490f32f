-- What was sent is in the ledger, however little sense it makes.
begin;
select plan(5);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', message) from unnest(array[
  'null', '"text"', '17', '[]', '{}',
  '{"storyboardId": 5, "prompt": {"a": 1}, "sceneId": "", "characterId": null}'
]::jsonb[]) as message;
select pgmq.send('image_generation_queue', jsonb_build_object(
  'storyboardId', repeat('s', 1000), 'prompt', repeat('p', 200000)
));

select is(count(*), 7::bigint, 'every message has a job') from public.generation_jobs;
select is(
  count(*), 6::bigint, 'a field that is no string, or empty, counts as absent'
) from public.generation_jobs
where storyboard_id is null and prompt is null and scene_id is null and character_id is null;
select is(length(storyboard_id), 256, 'a long id is cut')
from public.generation_jobs where storyboard_id is not null;
select is(length(prompt), 4000, 'a long prompt is cut')
from public.generation_jobs where prompt is not null;
select is(
  (select count(*) from public.claim_generation_jobs('image_generation_queue', 30, 10)),
  7::bigint,
  'they are claimed like every other message'
);

select * from finish();
rollback;
