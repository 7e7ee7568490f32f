/**
 * PostgreSQL in this process: PGlite with pgmq, for tests of the SQL.
 *
 * @module
 */

import { PGlite, type PGliteOptions } from "@electric-sql/pglite";
import { pgmq } from "@electric-sql/pglite-pgmq";
import { migrate } from "../../local/database/migrate.ts";
import {
  STORAGE_BUCKETS,
  SUPABASE_PRIVILEGES,
  SUPABASE_ROLES,
} from "../../local/database/roles.ts";

/** How to open a database in this process. */
export interface PgliteDatabaseOptions {
  /** Whether to make the pgTAP extension available. */
  pgtap?: boolean;
}

/** Opens a database that has Supabase's roles and pgmq, but none of our migrations. */
export async function openPglite(options: PgliteDatabaseOptions = {}): Promise<PGlite> {
  const extensions: PGliteOptions["extensions"] = { pgmq };
  if (options.pgtap) extensions.pgtap = (await import("@electric-sql/pglite-pgtap")).pgtap;
  const database = await PGlite.create({ extensions });
  await database.exec(SUPABASE_ROLES + SUPABASE_PRIVILEGES + STORAGE_BUCKETS);
  return database;
}

/** Opens a database and runs the migrations. */
export async function openMigratedPglite(options: PgliteDatabaseOptions = {}): Promise<PGlite> {
  const database = await openPglite(options);
  await migrate(async (sql) => void (await database.exec(sql)));
  return database;
}
