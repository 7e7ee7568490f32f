import type { PostgresConnection } from "@supabase/lite/postgres";
import { EmbeddedDatabase } from "./embedded.ts";
import { ServerDatabase } from "./server.ts";

/** Statements that are done together or not at all. */
export interface Transaction {
  query<T>(sql: string, parameters?: unknown[]): Promise<{ rows: T[]; affectedRows?: number }>;
  exec(sql: string): Promise<unknown>;
  rollback(): Promise<void>;
}

/** What the stack needs of PostgreSQL, wherever that runs. */
export interface Database {
  /** For lite. */
  readonly connection: Connection;
  /** Runs one statement with parameters and returns its rows. */
  query<T>(sql: string, parameters?: unknown[]): Promise<T[]>;
  /** Runs any number of statements, for example a migration. */
  execute(sql: string): Promise<void>;
  /** Runs `work` in a transaction, which is rolled back if `work` fails or says so. */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** Runs a whole request of lite's, whose transaction nobody else must get into. */
  request<T>(work: () => Promise<T>): Promise<T>;
  /** `query` for work inside `request`. */
  queryInRequest<T>(sql: string, parameters: unknown[]): Promise<T[]>;
  /** Calls back after each commit of a transaction that notified the channel, whoever's it was. */
  listen(channel: string, callback: () => void): Promise<void>;
  /** What PostgREST does on `notify pgrst, 'reload schema'`: tables and functions are read anew. */
  forgetSchema(): Promise<unknown>;
  close(): Promise<void>;
}

/** What lite's connections have in common. */
export type Connection = Omit<PostgresConnection, "driver">;

export { DatabaseUnusable, EmbeddedDatabase } from "./embedded.ts";

/** Where the database is: a server, a folder, or nothing for one in memory. */
export interface Location {
  url?: string;
  folder?: string;
}

/** Opens the database of a stack. */
export function openDatabase({ url, folder }: Location): Promise<Database> {
  return url === undefined ? EmbeddedDatabase.open(folder) : ServerDatabase.open(url);
}
