import { App, setExperimental } from "@supabase/lite";
import type { Database } from "./database/mod.ts";
import type { Keys } from "./keys.ts";
import { databaseErrorResponse, isDatabaseError } from "./postgrest_error.ts";
import { quietly } from "./quiet.ts";
import { liteAdapter } from "./storage/adapter.ts";
import type { ObjectFiles } from "./storage/files.ts";
import { STORAGE_GRANTS } from "./storage/grants.ts";

/** Answers PostgREST and Storage requests in this process. */
export class Lite {
  /** What the request that is in the session failed with. */
  #failure: unknown;

  private constructor(private readonly app: App, private readonly database: Database) {
    const { connection } = database;
    connection.normalizeDbError = (error) => this.#failure = error;
  }

  static async open(database: Database, files: ObjectFiles, keys: Keys): Promise<Lite> {
    setExperimental("storage", true);
    const app = new App({
      connection: database.connection,
      auth: {
        enabled: false,
        publishable_key: keys.publishableKey,
        secret_key: keys.secretKey,
        jwt_secret: keys.signingSecret,
      },
      storage: { enabled: true },
    });
    app._storageAdapter = liteAdapter(database, files);
    await quietly(() => app.ensureSystemSchema());
    await database.execute(STORAGE_GRANTS);
    return new Lite(app as unknown as App, database);
  }

  /**
   * lite sends `begin`, the statements and `commit` of a request one by one, so the whole request
   * has the session to itself. Its body is read before, to not make others wait for a slow sender.
   */
  async fetch(request: Request): Promise<Response> {
    const { method, url, headers } = request;
    const body = request.body === null ? null : await request.arrayBuffer();
    const complete = new Request(url, { method, headers, body });
    return await this.database.session.exclusively(async () => {
      this.#failure = undefined;
      const response = await quietly(() => this.app.fetch(complete, { peerAddress: null }));
      if (response.status < 500 || !isDatabaseError(this.#failure)) return response;
      await response.body?.cancel();
      return databaseErrorResponse(this.#failure);
    });
  }
}
