-- One thing after the other, each with its remedy.
begin;
select plan(12);

select throws_ok(
  $$ select public.install_generation_schedule(project_url => 'project.test') $$, '22023',
  'project_url: expected an address like https://PROJECT_REF.supabase.co, got ''project.test''', 'an address is one'
);
select throws_ok(
  $$ select public.install_generation_schedule(worker_key => '') $$, '22023',
  'worker_key: expected a secret key of the project or WORKER_SECRET, got nothing', 'a key is one'
);

select throws_ok(
  format('select public.install_generation_schedule(%L, %L)', url, key), '22023', message, 'a placeholder is none'
)
from (values
  ('https://YOUR-PROJECT-REF.supabase.co', 'key',
    'project_url: expected the address of your project, got the placeholder ''https://YOUR-PROJECT-REF.supabase.co'''),
  ('https://project.test', 'YOUR_SECRET_KEY',
    'worker_key: expected a secret key of the project or WORKER_SECRET, got a placeholder'),
  ('https://project.test', 'SECRET-KEY',
    'worker_key: expected a secret key of the project or WORKER_SECRET, got a placeholder')
) as examples (url, key, message);

create function pg_temp.hint() returns text language plpgsql as $$
declare
  hint text;
begin
  perform public.install_generation_schedule();
  return 'installed';
exception when object_not_in_prerequisite_state then
  get stacked diagnostics hint = pg_exception_hint;
  return sqlerrm || ' | ' || hint;
end
$$;
select is(
  pg_temp.hint(), 'the database cannot call the workers: the secret project_url is missing | '
    'select vault.create_secret(''https://PROJECT_REF.supabase.co'', ''project_url'');', 'the address'
);
select vault.create_secret('https://project.test', 'project_url');
select is(
  pg_temp.hint(), 'the database cannot call the workers: the secret worker_key is missing | '
    'select vault.create_secret(''YOUR_SECRET_KEY'', ''worker_key'');', 'the key'
);
select is(
  array(select missing ->> 0 from public.generation_schedule()),
  array_fill('{"remedy": "select vault.create_secret(''YOUR_SECRET_KEY'', ''worker_key'');", "missing": "the secret worker_key"}'::text, array[2]),
  'generation_schedule says the same'
);

drop schema vault cascade;
select is(
  pg_temp.hint(),
  'the database cannot call the workers: the extension supabase_vault is missing | create extension supabase_vault;', 'Vault'
);
drop schema net cascade;
select is(
  pg_temp.hint(), 'the database cannot call the workers: the extension pg_net is missing | create extension pg_net;', 'pg_net'
);
drop schema cron cascade;
select is(
  pg_temp.hint(), 'the database cannot call the workers: the extension pg_cron is missing | create extension pg_cron;', 'pg_cron'
);
select is(
  array(select jsonb_array_length(missing) from public.generation_schedule()), array[5, 5],
  'the schedule can be read all the same'
);

select * from finish();
rollback;
