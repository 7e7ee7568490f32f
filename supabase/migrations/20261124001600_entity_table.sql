-- The table that holds scenes and characters, for a project that has none yet. One that is there
-- is left exactly as it is: its columns, its rights and its policies are its owner's.

do $$
declare
  role_name text;
begin
  if to_regclass('public.kv_store_7ee7668a') is null then
    create table public.kv_store_7ee7668a (
      key text primary key,
      value jsonb not null
    );
    comment on table public.kv_store_7ee7668a is
      'Scenes (scene:{storyboardId}:{sceneId}) and characters (character:{storyboardId}:{characterId}).';
    alter table public.kv_store_7ee7668a enable row level security;
    revoke all on table public.kv_store_7ee7668a from public;
    for role_name in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
      execute format('revoke all on table public.kv_store_7ee7668a from %I', role_name);
    end loop;
    if exists (select from pg_roles where rolname = 'service_role') then
      grant select, insert, update, delete on table public.kv_store_7ee7668a to service_role;
    end if;
  end if;
end
$$;
