-- What is in Storage and on the entities, whichever role owns those tables.
begin;
select plan(7);
delete from public.kv_store_7ee7668a;
create schema if not exists storage;
drop table if exists storage.objects;
select is_empty('select * from public.generation_assets', 'without Storage there are no assets');

create table storage.objects (bucket_id text, name text, metadata jsonb, created_at timestamptz default now());
insert into storage.objects (bucket_id, name, metadata) values
  ('storyboard-images', 'sb/s1.png', '{"size": 2048, "mimetype": "image/png"}'),
  ('storyboard-videos', 'sb/s1.mp4', null),
  ('avatars', 'me.png', '{"size": 1}');
select is(
  array_agg(format('%s %s %s %s', bucket, name, bytes, content_type) order by bucket),
  array['storyboard-images sb/s1.png 2048 image/png', 'storyboard-videos sb/s1.mp4  '],
  'the objects of our buckets, with their size'
) from public.generation_assets;

insert into public.kv_store_7ee7668a values
  ('scene:sb:s1', '{"title": "Cliff", "imageUrl": "https://x.test/i.png", "imageGeneratedAt": "2026-01-02T03:04:05.678Z"}'),
  ('character:sb:c1', '"odd"'),
  ('setting:theme', '{"imageUrl": "https://x.test/no.png"}');
select is(
  array_agg(format('%s %s %s', key, image_url, video_url) order by key),
  array['character:sb:c1  ', 'scene:sb:s1 https://x.test/i.png '], 'scenes and characters, and nothing else'
) from public.generation_entities;
select is(image_generated_at::timestamp, '2026-01-02 03:04:05.678', 'times cast')
from public.generation_entities where key = 'scene:sb:s1';

-- PostgreSQL takes it, and cannot show it.
update public.kv_store_7ee7668a
set value = jsonb_build_object('imageUrl', (repeat('[', 14000) || repeat(']', 14000))::jsonb, 'videoUrl', 'https://x.test/v.mp4')
where key = 'scene:sb:s1';
select is(array_agg(concat(image_url, video_url) order by key), array['', 'https://x.test/v.mp4'],
  'what is no text is left out') from public.generation_entities;

alter table storage.objects drop column created_at;
alter table storage.objects add column created_at timestamp not null default '2026-01-01';
select is(created_at is not null, true, 'their owners may change the tables') from public.generation_assets limit 1;
alter table public.kv_store_7ee7668a rename to kept;
select is_empty('select * from public.generation_entities', 'a project with tables of its own has none of ours');

select * from finish();
rollback;
