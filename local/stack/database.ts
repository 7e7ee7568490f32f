import { PostgresConnection } from "@supabase/lite/postgres";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { SUPABASE_ROLES } from "../database/roles.ts";

/** How many requests use the database at a time. PostgREST's default. */
const CONNECTIONS = 10;
/** How long a request waits for one of them. Milliseconds. */
const PATIENCE = 10_000;

/** PostgREST's channel, and the triggers by which a Supabase database announces changes of the schema. */
const SCHEMA_CHANNEL = "pgrst";
const SCHEMA_WATCH = `
create schema if not exists extensions;
create or replace function extensions.pgrst_ddl_watch() returns event_trigger language plpgsql as $$
begin
  notify ${SCHEMA_CHANNEL}, 'reload schema';
end
$$;
drop event trigger if exists pgrst_ddl_watch;
create event trigger pgrst_ddl_watch on ddl_command_end
  execute function extensions.pgrst_ddl_watch();
drop event trigger if exists pgrst_drop_watch;
create event trigger pgrst_drop_watch on sql_drop execute function extensions.pgrst_ddl_watch();
`;

const NAME_ARRAY = 1003;
const TEXT_ARRAY = 1009;

/** Parsers for the types that PostgREST renders differently from pg. */
const PARSERS: Record<number, (text: string) => unknown> = {
  20: numberIfExact, // bigint
  1082: String, // date
  1083: String, // time
  1114: (timestamp) => timestamp.replace(" ", "T"),
  1184: (timestamptz) => timestamptz.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00"),
  1266: String, // timetz
  1700: numberIfExact, // numeric
};

const TYPES = {
  getTypeParser(oid: number, format?: "text" | "binary") {
    const known = oid === NAME_ARRAY ? TEXT_ARRAY : oid;
    return PARSERS[known] ?? pg.types.getTypeParser(known, format as "text");
  },
} as pg.CustomTypesConfig;

/** Statements that are committed together or not at all. */
export interface Transaction {
  query<T>(sql: string, parameters?: unknown[]): Promise<{ rows: T[]; affectedRows?: number }>;
  exec(sql: string): Promise<unknown>;
  rollback(): Promise<void>;
}

/**
 * The stack's connections to PostgreSQL. The server may restart in between: statements that are under
 * way fail, and later ones use new connections.
 */
export class Database {
  /** For lite. */
  readonly connection: PostgresConnection;
  readonly #pool: pg.Pool;
  /** The callback of each channel. */
  readonly #listeners = new Map<string, () => void>();
  #listening: Promise<pg.Client> | undefined;

  private constructor(private readonly url: string) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: CONNECTIONS,
      connectionTimeoutMillis: PATIENCE,
      types: TYPES,
      options: "-c TimeZone=UTC",
    });
    // A broken connection fails the statement that uses it, and is not used again.
    this.#pool.on("error", () => {});
    this.#pool.on("connect", (client: pg.Client) => client.on("error", () => {}));
    this.connection = new PoolConnection(url, this.#pool);
    // lite grants everything on every table to `anon` when it first sees row level security, which
    // would undo the grants of the migrations. "active" tells it that it has done so already.
    (this.connection as unknown as { rlsState: string }).rlsState = "active";
    this.#listeners.set(SCHEMA_CHANNEL, () => this.connection.clearSchemaCache());
  }

  /** Opens the database of a superuser's connection string, with Supabase's roles in it. */
  static async openAsSuperuser(url: string): Promise<Database> {
    return await Database.open(url, SUPABASE_ROLES + SCHEMA_WATCH);
  }

  /** Opens the database of a connection string, and runs statements in it. */
  static async open(url: string, setUp = ""): Promise<Database> {
    const database = new Database(url);
    try {
      await database.execute(setUp);
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** Runs one statement with parameters and returns its rows. */
  async query<T>(sql: string, parameters: unknown[] = []): Promise<T[]> {
    return (await this.#pool.query(sql, parameters)).rows;
  }

  /** Runs any number of statements, for example a migration. */
  async execute(sql: string): Promise<void> {
    await this.#pool.query(sql);
  }

  /** Runs `work` in a transaction, which is rolled back if `work` fails or asks for it. */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
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
      if (open) await end("rollback").catch(() => {}); // a broken connection has rolled back already
      client.release();
      throw error;
    }
  }

  /** Calls back after each commit of any transaction that notified the channel. */
  async listen(channel: string, callback: () => void): Promise<void> {
    this.#listeners.set(channel, callback);
    const client = await this.#listener();
    await client.query(`listen ${pg.escapeIdentifier(channel)}`);
  }

  /** Returns when the callbacks of all earlier notifications have run. */
  async hear(): Promise<void> {
    await (await this.#listener()).query("select 1");
  }

  /** A connection for listening alone. When it breaks, the next call opens another. */
  #listener(): Promise<pg.Client> {
    this.#listening ??= this.#startListening().catch((error) => {
      this.#listening = undefined;
      throw error;
    });
    return this.#listening;
  }

  async #startListening(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.url,
      connectionTimeoutMillis: PATIENCE,
    });
    client.on("notification", ({ channel }: pg.Notification) => this.#listeners.get(channel)?.());
    client.once("error", () => this.#listening = undefined);
    client.on("error", () => {}); // a broken connection may report twice
    await client.connect();
    for (const [channel, callback] of this.#listeners) {
      await client.query(`listen ${pg.escapeIdentifier(channel)}`);
      callback(); // a notification may have been missed
    }
    return client;
  }

  async close(): Promise<void> {
    const client = await this.#listening?.catch(() => undefined);
    await client?.end();
    await this.connection.close();
  }
}

/**
 * lite's connection to a server, over `pg` instead of lite's own driver. That driver reconnects by
 * itself even in the middle of a transaction: a `commit` then succeeds and commits nothing.
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

/**
 * `bigint` and `numeric` as numbers, as in PostgREST's JSON. A value with more digits than a JavaScript
 * number can hold stays text. `0.390000` is 0.39: trailing zeros do not count as digits.
 */
function numberIfExact(text: string): number | string {
  const number = Number(text);
  const shortest = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return String(number) === shortest ? number : text;
}
