begin;
select plan(8);
insert into public.kv_store_7ee7668a (key, value) values
  ('scene:pgtap-sb:s1', '{"title": "Cliff", "videoUrl": "v"}'), ('scene:pgtap-sb:odd', '"text"');

select is(
  public.link_generated_asset('scene:pgtap-sb:s1', 'image', 'https://x.test/i.png', '2026-11-24 07:26:00.123456+01'),
  'linked', 'an entity that exists is linked'
);
select is(value, '{
  "title": "Cliff",
  "videoUrl": "v",
  "imageUrl": "https://x.test/i.png",
  "imageGeneratedAt": "2026-11-24T06:26:00.123Z",
  "updatedAt": "2026-11-24T06:26:00.123Z"
}', 'URL and times are merged into it') from public.kv_store_7ee7668a where key = 'scene:pgtap-sb:s1';
select is(
  (value ->> 'imageGeneratedAt')::timestamp, '2026-11-24 06:26:00.123'::timestamp, 'the time casts to timestamp'
) from public.kv_store_7ee7668a where key = 'scene:pgtap-sb:s1';
select is(
  public.link_generated_asset('scene:pgtap-sb:none', 'image', 'u', now()), 'not_found', 'another is not found'
);
select throws_ok(
  $$ select public.link_generated_asset('scene:pgtap-sb:odd', 'image', 'u', now()) $$,
  'the value is no JSON object but string', 'a value that cannot hold fields is an error'
);
select throws_ok(
  $$ select public.link_generated_asset('scene:pgtap-sb:s1', 'sound', 'u', now()) $$,
  '22023', 'asset_kind: expected image or video, got ''sound''', 'so is another kind'
);
select throws_ok(
  $$ select public.link_generated_asset('scene:pgtap-sb:s1', 'image', 'u', 'infinity') $$,
  '22023', 'generated_at: expected a time, got infinity', 'so is a time that is none'
);
select throws_ok(
  $$ select public.link_generated_asset('scene:pgtap-sb:s1', 'image', '', now()) $$,
  '22023', 'asset_url: expected the URL of the asset, got nothing', 'or no URL'
);

select * from finish();
rollback;
