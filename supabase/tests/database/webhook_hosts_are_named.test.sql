-- A webhook goes to the hosts of the settings and to no others, which are none at first.
begin;
select plan(22);

create function pg_temp.refused(url text) returns boolean language sql as $$
  select generation_private.webhook_refusal(url) is not null
$$;
select ok(pg_temp.refused('https://hooks.example.com/'), 'none is allowed at first');
select is(local_receivers, false, 'nor is the machine itself') from public.generation_webhook_settings;

update public.generation_webhook_settings set hosts = array['hooks.example.com', '*.example.org'];
select is(
  generation_private.webhook_refusal('https://example.com/'),
  'has a host that is none of generation_webhook_settings.hosts', 'which is said'
);
select is(pg_temp.refused(url), refused, url)
from (values
  ('https://hooks.example.com/', false),
  ('https://HOOKS.example.com:443?x', false),
  ('https://a.hooks.example.com/', true),
  ('https://evilhooks.example.com/', true),
  ('https://hooks.example.com.evil.test/', true),
  ('https://a.example.org/', false),
  ('https://a.b.example.org/', false),
  ('https://example.org/', true),
  ('https://evilexample.org/', true),
  ('https://evil.test/?.example.org', true),
  ('http://hooks.example.com/', true),
  ('http://127.0.0.1:9000/', true)
) as v (url, refused);

update public.generation_webhook_settings set local_receivers = true;
select is(pg_temp.refused(url), refused, url || ', on a machine for development')
from (values
  ('http://127.0.0.1:9000/x', false),
  ('http://localhost:9000', false),
  ('http://127.0.0.1:9000@evil.test/', true),
  ('http://10.0.0.1:9000/', true)
) as v (url, refused);

select throws_ok(
  format('update public.generation_webhook_settings set hosts = %L', hosts), '23514', null, 'no list of hosts: ' || hosts
)
from unnest(array['{*}', '{*.com}', '{https://hooks.example.com}']) as hosts;

select * from finish();
rollback;
