-- Copies may cross: a worker that copied what is no longer the newest is told to copy again.
begin;
select plan(22);
truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue;
delete from public.generation_jobs;

select pgmq.send('image_generation_queue', jsonb_build_object(
  'storyboardId', 'pgtap-sb', 'sceneId', 's1', 'characterId', 'c' || n, 'prompt', n::text
)) from generate_series(1, 2) as n;
create function pg_temp.pending(wanted text) returns boolean language sql as $$
  select exists (
    select from public.generation_publications as p join public.generation_jobs as j on j.id = p.job_id where j.prompt = wanted
  )
$$;
create temporary table lease as
select *, message ->> 'prompt' as n from public.claim_generation_jobs('image_generation_queue', 30, 2);
create temporary table done as
select n, job_id, public.complete_generation_job(
  'image_generation_queue', msg_id, lease_token, n || '.png', 'u' || n, 'image/png', 'm', null, null
) -> 'publications' as publications
from (select * from lease order by msg_id) as lease;

select is(
  publications, '[
    {"slot": "scene", "object_path": "1.png", "content_type": "image/png"},
    {"slot": "character", "object_path": "1.png", "content_type": "image/png"}
  ]', 'the first job is to copy its own object'
) from done where n = '1';

create temporary table corrected as
select public.confirm_generation_publication(job_id, publications) as publications from done where n = '1';
select is(
  publications, '[
    {"slot": "scene", "object_path": "2.png", "content_type": "image/png"},
    {"slot": "character", "object_path": "1.png", "content_type": "image/png"}
  ]', 'but the second job''s is newer for the scene by now: the whole list comes back'
) from corrected;
select ok(pg_temp.pending('1'), 'the copy is still to be done');
select is(
  public.confirm_generation_publication((select job_id from done where n = '1'), publications), '[]',
  'the right copies are confirmed'
) from corrected;
select ok(not pg_temp.pending('1'), 'then nothing is left');
select is(public.confirm_generation_publication(job_id, publications), '[]', 'so are the second job''s')
from done where n = '2';
-- A confirmation whose reply was lost comes again, after a newer success.
select pgmq.send('image_generation_queue', '{"storyboardId": "pgtap-sb", "sceneId": "s1", "prompt": "3"}');
select public.complete_generation_job(
  'image_generation_queue', msg_id, lease_token, '3.png', 'u3', 'image/png', 'm', null, null
) from public.claim_generation_jobs('image_generation_queue', 30, 1);
select is(
  public.confirm_generation_publication(job_id, publications) -> 0 ->> 'object_path', '3.png', 'is told to copy that'
) from done where n = '2';
select ok(pg_temp.pending('2'), 'which is to be done');
select is(
  public.confirm_generation_publication(job_id, jsonb_set(publications, '{0,object_path}', '"3.png"')), '[]',
  'and then confirmed'
) from done where n = '2';
-- The third is chosen while its worker copies it: another one may have been copied over it meanwhile.
do $$
begin
  if to_regclass('storage.objects') is not null then
    insert into storage.objects (bucket_id, name) values ('storyboard-images', '3.png');
  end if;
end
$$;
create temporary table third as
select id, generation_private.publications(j) as publications from public.generation_jobs as j where prompt = '3';
select public.choose_generation_result(id) from third;
create temporary table again as
select id, public.confirm_generation_publication(id, publications) as publications from third;
select is(publications, '[{"slot": "scene", "object_path": "3.png", "content_type": "image/png", "choice": 1}]',
  'a copy from before a choice is made again, for the choice') from again;
select ok(pg_temp.pending('3'), 'which is to be done, too');
select is(public.confirm_generation_publication(id, publications), '[]', 'a confirmation from before it that comes again')
from third;
select ok(pg_temp.pending('3'), 'leaves that to whom it was told');
select is(public.confirm_generation_publication(id, publications), '[]', 'who confirms it') from again;
select ok(not pg_temp.pending('3'), 'and nothing is left');

-- Chosen once more, when nothing is in hand.
select public.choose_generation_result(id) from third;
select is(
  public.confirm_generation_publication(id, publications) #> '{0,choice}', '2', 'a confirmation that comes again makes the copies'
) from again;
select is(
  (select count(*) from public.unpublished_generation_jobs('image_generation_queue', 10)), 0::bigint, 'no other worker does'
);
select public.choose_generation_result(id) from third;
delete from public.generation_publications;
select public.choose_generation_result(id) from third;
select is(
  (select publications #> '{0,choice}' from public.unpublished_generation_jobs('image_generation_queue', 10)), '4',
  'a worker that asks for what is due is told'
);
select is(public.confirm_generation_publication(id, publications), '[]', 'and no confirmation from before') from again;
select ok(pg_temp.pending('3'), 'takes that off its hands');
select is(public.confirm_generation_publication(gen_random_uuid(), '[]'), '[]', 'an unknown job has nothing to copy');
select throws_ok(
  $$ select public.confirm_generation_publication(gen_random_uuid(), '{}') $$,
  '22023', 'publications: expected an array of what was copied, got object', 'what was copied is an array'
);

select * from finish();
rollback;
