import { AsyncLocalStorage } from "node:async_hooks";
import { App, setExperimental } from "@supabase/lite";
import type { Database } from "./database.ts";
import type { Keys } from "./keys.ts";
import {
  databaseErrorResponse,
  isConnectionError,
  isDatabaseError,
  noConnectionResponse,
} from "./postgrest_error.ts";
import { quietly } from "./quiet.ts";
import { liteAdapter } from "./storage/adapter.ts";
import type { ObjectFiles } from "./storage/files.ts";
import { STORAGE_GRANTS } from "./storage/grants.ts";

/** Policies call `auth.uid()` and similar functions in the caller's role. */
const AUTH_GRANTS = "grant usage on schema auth to anon, authenticated, service_role;";

/** Answers PostgREST and Storage requests in this process. */
export class Lite {
  /** What a request failed with in the database. */
  readonly #failure = new AsyncLocalStorage<{ error?: unknown }>();

  private constructor(private readonly app: App, private readonly database: Database) {
    database.connection.normalizeDbError = (error) => {
      const failure = this.#failure.getStore();
      if (failure) failure.error = error;
      return error;
    };
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
    await database.execute(STORAGE_GRANTS + AUTH_GRANTS);
    return new Lite(app as unknown as App, database);
  }

  async fetch(request: Request): Promise<Response> {
    const { method, url } = request;
    const headers = withoutAuth(request.headers);
    // Read before: a slow sender must not hold a connection.
    const body = request.body === null ? null : await request.arrayBuffer();
    const complete = new Request(url, { method, headers, body });
    try {
      await this.database.hear(); // of changes of the schema
    } catch (error) {
      if (isConnectionError(error)) return noConnectionResponse(error);
      throw error;
    }
    const failure: { error?: unknown } = {};
    const response = await this.#failure.run(
      failure,
      () => quietly(() => this.app.fetch(complete, { peerAddress: null })),
    );
    if (isPreflight(request)) return new Response(null, { headers: response.headers });
    if (response.status < 500) return response;
    const reply = isConnectionError(failure.error)
      ? noConnectionResponse(failure.error)
      : isDatabaseError(failure.error)
      ? databaseErrorResponse(failure.error)
      : undefined;
    if (reply) await response.body?.cancel();
    return reply ?? response;
  }
}

/** PostgREST allows browsers to ask for anything, then says what is missing: lite refuses the preflight of that. */
function isPreflight({ method, headers }: Request): boolean {
  return method === "OPTIONS" && headers.has("access-control-request-method");
}

/**
 * lite looks a token's user up in its Auth, and fails when that is switched off, as it is here. It does
 * not when there is a space too many before the token, and its PostgREST verifies the token all the same.
 */
function withoutAuth(headers: Headers): Headers {
  const changed = new Headers(headers);
  const token = /^Bearer\s+(.+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  if (token) changed.set("authorization", `Bearer  ${token}`);
  return changed;
}
