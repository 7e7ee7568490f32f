/**
 * PostgreSQL in this process: PGlite with pgmq, for tests of the SQL.
 *
 * @module
 */

import { PGlite } from "@electric-sql/pglite";
import { pgmq } from "@electric-sql/pglite-pgmq";
import { migrate } from "../../local/database/migrate.ts";
import {
  STORAGE_BUCKETS,
  SUPABASE_PRIVILEGES,
  SUPABASE_ROLES,
} from "../../local/database/roles.ts";

/** Opens a database in memory that has Supabase's roles and pgmq, but none of our migrations. */
export async function openPglite(): Promise<PGlite> {
  const database = await PGlite.create({ extensions: { pgmq } });
  await database.exec(SUPABASE_ROLES + SUPABASE_PRIVILEGES + STORAGE_BUCKETS);
  return database;
}

/** Opens a database and runs the migrations. */
export async function openMigratedPglite(): Promise<PGlite> {
  const database = await openPglite();
  await migrate(async (sql) => void (await database.exec(sql)));
  return database;
}
