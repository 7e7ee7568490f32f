/** The owner of the database: the role `postgres`, which is no superuser here as on Supabase. */
import pg from "pg";
import type { Database } from "./database.ts";

/**
 * Creates the owner, or gives it this password, and returns its connection string. It cannot reach files
 * and programs of the machine: no SQL of a sender, a user or a script leaves the database.
 */
export async function createOwner(
  superuser: Database,
  superuserUrl: string,
  password: string,
): Promise<string> {
  const literal = pg.escapeLiteral(password);
  await superuser.execute(`
    do $$
    begin
      if not exists (select from pg_roles where rolname = 'postgres') then
        create role postgres;
      end if;
    end
    $$;
    alter role postgres login createdb createrole bypassrls password ${literal};
    grant anon, authenticated, service_role, pg_monitor, pg_signal_backend to postgres;
    alter database postgres owner to postgres;
    grant usage on schema extensions to public;
  `);
  const url = new URL(superuserUrl);
  url.username = "postgres";
  url.password = password;
  return url.href;
}

/** What belongs to the superuser and Supabase lets the owner use. */
export const OWNER_GRANTS = `
grant usage on schema auth, storage to postgres;
grant all on all tables in schema auth, storage to postgres;
grant all on all functions in schema auth, storage to postgres;
`;
