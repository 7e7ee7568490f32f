import type { PGlite } from "@electric-sql/pglite";
import { pgmq } from "@electric-sql/pglite-pgmq";
import { createPgliteConnection, type PgliteConnection } from "@supabase/lite/pglite";
import { SUPABASE_ROLES } from "../../database/roles.ts";
import { numberIfExact } from "./exact_number.ts";
import { emptyDatabase, exists, keepImage } from "./image.ts";
import { ISO_TIMES } from "./iso_times.ts";
import type { Database, Transaction } from "./mod.ts";
import { mayChangeSchema } from "./schema_change.ts";
import { SharedSession } from "./session.ts";

/** Types that are something else in PostgREST's JSON than PGlite makes of them. */
const PARSERS = { ...ISO_TIMES, 1700: numberIfExact }; // numeric

/** The files of a database are damaged, for example because making them was interrupted. */
export class DatabaseUnusable extends Error {
  override name = "DatabaseUnusable";
}

/** PostgreSQL with pgmq inside this process. */
export class EmbeddedDatabase implements Database {
  readonly session: SharedSession;
  /** Who is called back for which channel. */
  readonly #listeners = new Map<string, () => void>();

  private constructor(readonly connection: PgliteConnection, readonly driver: PGlite) {
    this.session = new SharedSession(driver);
  }

  /** Opens the database in a folder, or in memory. The first new one takes some seconds to make. */
  static async open(folder?: string): Promise<EmbeddedDatabase> {
    const isNew = folder === undefined || !await exists(folder);
    const image = isNew ? await emptyDatabase() : undefined;
    const exitCode = Deno.exitCode;
    const connection = await createPgliteConnection({
      url: folder ?? "memory://",
      // The extension's types come from another version of PGlite; its content is only SQL.
      pgliteOptions: { extensions: { pgmq }, parsers: PARSERS, loadDataDir: image } as never,
    });
    const driver = connection.driver as unknown as PGlite;
    await driver.waitReady.catch((cause) => {
      throw new DatabaseUnusable(`the database in ${folder ?? "memory"} does not open`, { cause });
    });
    Deno.exitCode = exitCode; // Making a database ends PGlite's `initdb` with `exit(99)`.
    if (isNew && !image) await keepImage(driver);
    await driver.exec(SUPABASE_ROLES);
    // lite grants everything on every table to `anon` when it first sees row level security, which
    // would undo the grants that the migrations make. "active" is its word for having done so.
    (connection as unknown as { rlsState: string }).rlsState = "active";
    return new EmbeddedDatabase(connection, driver);
  }

  query<T>(sql: string, parameters: unknown[] = []): Promise<T[]> {
    return this.session.exclusively(async () => {
      const { rows } = await this.driver.query<T>(sql, parameters as never[]);
      if (mayChangeSchema(sql)) await this.forgetSchema();
      return rows;
    });
  }

  execute(sql: string): Promise<void> {
    return this.session.exclusively(async () => {
      try {
        await this.driver.exec(sql);
      } catch (error) {
        await this.driver.exec("rollback");
        throw error;
      } finally {
        await this.forgetSchema();
      }
    });
  }

  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.session.exclusively(() => this.driver.transaction(work)) as Promise<T>;
  }

  request<T>(work: () => Promise<T>): Promise<T> {
    return this.session.exclusively(work);
  }

  async queryInRequest<T>(sql: string, parameters: unknown[]): Promise<T[]> {
    return (await this.driver.query<T>(sql, parameters)).rows;
  }

  async listen(channel: string, callback: () => void): Promise<void> {
    this.#listeners.set(channel, callback);
    await this.session.exclusively(() => this.driver.listen(channel, callback));
  }

  /**
   * Passes on a notification that PGlite did not read, because the statement came as raw bytes.
   * Answers whether it was for somebody here.
   */
  notified(channel: string): boolean {
    const callback = this.#listeners.get(channel);
    callback?.();
    return callback !== undefined;
  }

  forgetSchema(): Promise<unknown> {
    return this.connection.clearSchemaCache();
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}
