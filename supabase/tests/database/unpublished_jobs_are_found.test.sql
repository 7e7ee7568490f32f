-- A worker that died between completion and copy leaves the copy to the next one.
begin;
select plan(7);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', jsonb_build_object(
  'storyboardId', 'pgtap-sb', 'sceneId', 's' || n, 'prompt', n::text
)) from generate_series(1, 2) as n;
select public.complete_generation_job(
  'image_generation_queue', msg_id, lease_token, (message ->> 'prompt') || '.png', 'u', 'image/png', 'm', null, null
) from public.claim_generation_jobs('image_generation_queue', 30, 2);

select is(count(*), 0::bigint, 'a job that was completed just now is its worker''s')
from public.unpublished_generation_jobs('image_generation_queue', 10);
update public.generation_publications set due_at = due_at - interval '601 s';
create temporary table first_turn as
select * from public.unpublished_generation_jobs('image_generation_queue', 1);
select is(
  array[storyboard_id, scene_id, character_id, publications #>> '{0,object_path}'],
  array['pgtap-sb', 's1', null, '1.png'],
  'after ten minutes it is handed out with what is to be copied'
) from first_turn;
select is(
  (select scene_id from public.unpublished_generation_jobs('image_generation_queue', 1)), 's2',
  'one that could not be copied does not hold up the next'
);
select is(count(*), 0::bigint, 'the other queue has none')
from public.unpublished_generation_jobs('video_generation_queue', 10);
select is(count(*), 0::bigint, 'what was handed out is that worker''s for as long as it may live')
from public.unpublished_generation_jobs('image_generation_queue', 10);
update public.generation_publications set due_at = due_at - interval '601 s';
select public.confirm_generation_publication(job_id, publications) from first_turn;
select is(
  (select array_agg(scene_id) from public.unpublished_generation_jobs('image_generation_queue', 10)),
  array['s2'], 'a confirmed one is not handed out again'
);

update public.generation_publications set due_at = due_at - interval '601 s';
delete from public.generation_jobs;
select public.unpublished_generation_jobs('image_generation_queue', 10);
select is_empty('select from public.generation_publications', 'nothing is left of one that was deleted by hand');

select * from finish();
rollback;
