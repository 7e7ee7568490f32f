/**
 * The part of a new Supabase database that these migrations depend on: the API roles, and the default
 * privileges that expose new tables and functions to them.
 *
 * @module
 */

/** Creates Supabase's API roles, unless they exist. For a superuser. */
export const SUPABASE_ROLES = `
do $$
declare
  role_name text;
begin
  foreach role_name in array array['anon', 'authenticated', 'service_role'] loop
    if not exists (select from pg_roles where rolname = role_name) then
      execute format('create role %I nologin noinherit', role_name);
    end if;
  end loop;
end
$$;
alter role service_role bypassrls;
`;

/** Exposes what is created later to the API roles, as a Supabase project does. For the owner. */
export const SUPABASE_PRIVILEGES = `
grant usage on schema public to anon, authenticated, service_role;
alter default privileges in schema public
  grant all on tables to anon, authenticated, service_role;
alter default privileges in schema public
  grant all on functions to anon, authenticated, service_role;
alter default privileges in schema public
  grant all on sequences to anon, authenticated, service_role;
`;

/** The columns of Supabase's `storage.buckets` that migrations write, for a database without Storage. */
export const STORAGE_BUCKETS = `
create schema if not exists storage;
create table if not exists storage.buckets (
  id text primary key,
  name text not null unique,
  public boolean default false,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);
`;
