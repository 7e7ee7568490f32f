/**
 * Applies `supabase/migrations` in the order of their names, as the Supabase CLI would.
 *
 * @module
 */

const MIGRATIONS = new URL("../../supabase/migrations/", import.meta.url);

/** One migration file. */
export interface Migration {
  /** The file's name, which gives the order. */
  name: string;
  sql: string;
}

/** The migrations of this repository, in the order in which they have to run. */
export async function migrations(): Promise<Migration[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(MIGRATIONS)) {
    if (entry.isFile && entry.name.endsWith(".sql")) names.push(entry.name);
  }
  names.sort();
  return await Promise.all(
    names.map(async (name) => ({ name, sql: await Deno.readTextFile(new URL(name, MIGRATIONS)) })),
  );
}

/**
 * Runs every migration. They may be run again on a database that has them already.
 *
 * @param execute runs a text of several statements, without parameters.
 * @throws an error that names the migration; its `cause` is what `execute` threw.
 */
export async function migrate(execute: (sql: string) => Promise<void>): Promise<void> {
  for (const { name, sql } of await migrations()) {
    try {
      await execute(sql);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`migration ${name}: ${reason}`, { cause });
    }
  }
}
