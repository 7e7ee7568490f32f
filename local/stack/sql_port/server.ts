import type { Database } from "../database/mod.ts";
import { SqlClient } from "./client.ts";

export interface SqlPortOptions {
  /** How long a client may sit in an open transaction while others wait. Default 15 s. */
  idleInTransactionMs?: number;
  log?: (line: string) => void;
}

/**
 * Lets PostgreSQL clients in: `psql`, drivers, graphical tools.
 *
 * `@electric-sql/pglite-socket` does this too, but it hands the session over between any two
 * messages: two clients with prepared statements, or a client and the API's transactions, would
 * run into each other.
 */
export class SqlPort {
  readonly #clients = new Set<SqlClient>();
  readonly #served = new Set<Promise<void>>();
  #nextId = 1;

  private constructor(
    private readonly database: Database,
    private readonly listener: Deno.TcpListener,
    private readonly serverVersion: string,
    private readonly options: SqlPortOptions,
  ) {
    this.#accept();
  }

  /** Serves the clients that come to `listener`. */
  static async open(
    database: Database,
    listener: Deno.TcpListener,
    options: SqlPortOptions = {},
  ): Promise<SqlPort> {
    const [{ version }] = await database.query<{ version: string }>(
      "select current_setting('server_version') as version",
    );
    return new SqlPort(database, listener, version, options);
  }

  /** Closes the port and every connection; open transactions are rolled back. */
  async close(): Promise<void> {
    this.listener.close();
    for (const client of this.#clients) client.close();
    await Promise.all(this.#served);
  }

  async #accept(): Promise<void> {
    for await (const connection of this.listener) {
      connection.setNoDelay(true);
      const client = new SqlClient(this.#nextId++, connection, {
        driver: this.database.driver,
        session: this.database.session,
        serverVersion: this.serverVersion,
        idleInTransactionMs: this.options.idleInTransactionMs ?? 15_000,
        schemaChanged: () => void this.database.forgetSchema(),
        notified: (channel) => this.database.notified(channel),
      });
      this.#clients.add(client);
      const served = client.serve().catch((error) =>
        this.options.log?.(`SQL port: ${error.message}`)
      )
        .finally(() => {
          this.#clients.delete(client);
          this.#served.delete(served);
        });
      this.#served.add(served);
    }
  }
}
