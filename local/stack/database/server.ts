import { PostgresConnection } from "@supabase/lite/postgres";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { SUPABASE_ROLES } from "../../database/roles.ts";
import { numberIfExact } from "./exact_number.ts";
import { ISO_TIMES } from "./iso_times.ts";
import type { Database, Transaction } from "./mod.ts";
import { mayChangeSchema } from "./schema_change.ts";

/** As many requests are answered at a time; PostgREST has this many connections, too. */
const CONNECTIONS = 10;
/** How long a request waits for one of them. Milliseconds. */
const PATIENCE = 10_000;

const NAME_ARRAY = 1003;
const TEXT_ARRAY = 1009;

/** Types that lite wants as something else than pg makes of them. */
const PARSERS: Record<number, (text: string) => unknown> = {
  ...ISO_TIMES,
  20: numberIfExact, // bigint
  1082: String, // date
  1083: String, // time
  1266: String, // timetz
  1700: numberIfExact, // numeric
};

const TYPES = {
  getTypeParser(oid: number, format?: "text" | "binary") {
    const known = oid === NAME_ARRAY ? TEXT_ARRAY : oid;
    return PARSERS[known] ?? pg.types.getTypeParser(known, format as "text");
  },
} as pg.CustomTypesConfig;

/**
 * A PostgreSQL server. It may be restarted while it is used: what goes on then fails, and what comes
 * later is done over new connections.
 */
export class ServerDatabase implements Database {
  readonly connection: PostgresConnection;
  readonly #listening: pg.PoolClient[] = [];

  private constructor(url: string, private readonly pool: pg.Pool) {
    this.connection = new PoolConnection(url, pool);
    // As for the embedded database: lite must not undo the grants that the migrations make.
    (this.connection as unknown as { rlsState: string }).rlsState = "active";
  }

  /** Opens the database of a superuser's connection string. */
  static async open(url: string): Promise<ServerDatabase> {
    const pool = new pg.Pool({
      connectionString: url,
      max: CONNECTIONS,
      connectionTimeoutMillis: PATIENCE,
      types: TYPES,
      options: "-c TimeZone=UTC",
    });
    // A connection that breaks tells whoever uses it, and is not used again.
    pool.on("error", () => {});
    pool.on("connect", (client: pg.Client) => client.on("error", () => {}));
    const database = new ServerDatabase(url, pool);
    try {
      await database.execute(SUPABASE_ROLES);
    } catch (error) {
      await database.close();
      throw error;
    }
    return database;
  }

  async query<T>(sql: string, parameters: unknown[] = []): Promise<T[]> {
    const { rows } = await this.pool.query(sql, parameters);
    if (mayChangeSchema(sql)) await this.forgetSchema();
    return rows;
  }

  async execute(sql: string): Promise<void> {
    try {
      await this.pool.query(sql);
    } finally {
      await this.forgetSchema();
    }
  }

  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    let open = true;
    const end = async (statement: "commit" | "rollback") => {
      open = false;
      await client.query(statement);
    };
    try {
      await client.query("begin");
      const result = await work({
        async query(sql, parameters) {
          const { rows, rowCount } = await client.query(sql, parameters);
          return { rows, affectedRows: rowCount ?? undefined };
        },
        exec: (sql) => client.query(sql),
        rollback: () => end("rollback"),
      });
      if (open) await end("commit");
      client.release();
      return result;
    } catch (error) {
      if (open) await end("rollback").catch(() => {}); // the connection is gone, and all with it
      client.release();
      throw error;
    }
  }

  request<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  queryInRequest<T>(sql: string, parameters: unknown[]): Promise<T[]> {
    return this.query(sql, parameters);
  }

  /** On a connection that does nothing else; when it breaks, nobody is called back any more. */
  async listen(channel: string, callback: () => void): Promise<void> {
    const client = await this.pool.connect();
    this.#listening.push(client);
    client.on("notification", ({ channel: told }: pg.Notification) => {
      if (told === channel) callback();
    });
    await client.query(`listen ${pg.escapeIdentifier(channel)}`);
  }

  forgetSchema(): Promise<unknown> {
    return this.connection.clearSchemaCache();
  }

  close(): Promise<void> {
    for (const client of this.#listening) client.release(true);
    return this.connection.close();
  }
}

/**
 * lite's connection to a server, over `pg` instead of the driver that it brings. That one connects
 * anew by itself, in the middle of a transaction too: a `commit` after that succeeds, and commits
 * nothing.
 */
class PoolConnection extends PostgresConnection {
  constructor(url: string, private readonly pool: pg.Pool) {
    super({ url });
    this.kysely = new Kysely({ dialect: new PostgresDialect({ pool }) });
  }

  override close(): Promise<void> {
    return this.pool.end();
  }
}
