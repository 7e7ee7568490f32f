/** The one client of a project: its Data API, Storage and functions, called with its key. */
import { MB, textOf } from "../supabase/functions/_shared/bounded_body.ts";
import { KnownSecrets } from "../supabase/functions/_shared/known_secrets.ts";
import { plain } from "../supabase/functions/_shared/plain.ts";
import { projectHeaders } from "../supabase/functions/_shared/project_headers.ts";
import type { Database } from "../supabase/database.types.ts";
import { RemoteError } from "./failure.ts";
import type { Io } from "./io.ts";
import { isLocal, newKey } from "./project.ts";

/** In milliseconds. PostgREST ends a statement after 8 s; a cold start of a function takes seconds. */
const LONGEST_CALL = 30_000;
/** A page of a thousand jobs has some megabytes. */
const MOST_BYTES = 64 * MB;
/** Foreign texts are quoted up to this length. */
const LONGEST_QUOTE = 300;

type Functions = Database["public"]["Functions"];
type Relations = Database["public"]["Tables"] & Database["public"]["Views"];

/** A row of a table or view, or what a database function answers. */
export type Row = Record<string, unknown>;

/** A reply, whatever it is; a key that it quotes is hidden. */
export interface Reply {
  status: number;
  text: string;
  /** The text as JSON; undefined where it is no JSON. */
  json: unknown;
  /** The status and the error message, in a line. */
  said: string;
  /** The error code of PostgREST or PostgreSQL, where there is one. */
  code?: string;
}

export interface Call {
  method?: string;
  /** The key to present instead of the client's own; null presents none. */
  key?: string | null;
  /** Sent as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  /** The time limit for the reply, in milliseconds. */
  timeout?: number;
}

/** No reply came: the server may have received the call or not. */
export class LostReply extends RemoteError {
  override name = "LostReply";
  constructor(url: string, readonly reason: string) {
    const isStopped = /refused/i.test(reason) && URL.canParse(url) && isLocal(url);
    const start = isStopped ? "\n  npx --yes deno@2 task start  # if it is the local stack" : "";
    super(`${url} cannot be reached: ${reason}${start}`);
  }
}

/** The reply is an error, or not of the expected form. */
export class Refused extends RemoteError {
  override name = "Refused";
  constructor(readonly what: string, readonly reply: Reply, url: string) {
    super(refusal(what, reply, url));
  }
}

export class Api {
  constructor(
    readonly url: string,
    private readonly key: string | null,
    private readonly send: Io["fetch"],
    private readonly userAgent: string,
  ) {}

  /**
   * Sends a request and reads the reply, whatever its status.
   *
   * @throws {LostReply}
   */
  async ask(path: string, call: Call = {}): Promise<Reply> {
    const { method = call.body === undefined ? "GET" : "POST", key = this.key, body } = call;
    try {
      const response = await this.send(
        new Request(this.url + path, {
          method,
          headers: {
            "user-agent": this.userAgent,
            ...(body !== undefined && { "content-type": "application/json" }),
            ...(key !== null && projectHeaders(key)),
            ...call.headers,
          },
          body: body === undefined ? undefined : JSON.stringify(body),
          redirect: "manual",
          signal: AbortSignal.timeout(call.timeout ?? LONGEST_CALL),
        }),
      );
      // A reply may quote the client's key even if another was presented, or none.
      const secrets = new KnownSecrets([key, this.key].filter((secret) => secret !== null));
      return replyOf(response.status, secrets.hide(await textOf(response, MOST_BYTES)));
    } catch (error) {
      throw new LostReply(this.url, reasonOf(error as Error));
    }
  }

  /**
   * The rows of a table or view; `query` as PostgREST takes it, like `status=eq.failed`.
   *
   * @throws {LostReply | Refused}
   */
  async rows<R = Row>(name: keyof Relations, query: Record<string, string> = {}): Promise<R[]> {
    return this.list(name, await this.ask(`/rest/v1/${name}?${new URLSearchParams(query)}`));
  }

  /**
   * All rows, page by page: a project limits how many it returns at once. `query` must name an order
   * in which no two rows are equal.
   */
  async allRows<R>(
    name: keyof Relations,
    query: Record<string, string> & { order: string },
  ): Promise<R[]> {
    const rows: R[] = [];
    for (;;) {
      const page = await this.rows<R>(name, { ...query, offset: `${rows.length}` });
      if (page.length === 0) return rows;
      // What does not know of pages would answer the same one for ever.
      const known = JSON.stringify(rows.slice(-page.length));
      if (known === JSON.stringify(page)) {
        throw new RemoteError(`${name}: the project answered with the same page twice.`);
      }
      rows.push(...page);
    }
  }

  /**
   * Calls a database function.
   *
   * @throws {LostReply | Refused}
   */
  async call<Name extends keyof Functions>(
    name: Name,
    args: Functions[Name]["Args"],
  ): Promise<unknown> {
    const reply = await this.ask(`/rest/v1/rpc/${name}`, { body: args });
    if (isSuccess(reply) && reply.json !== undefined) return reply.json;
    throw new Refused(name, reply, this.url);
  }

  /** Calls a database function that answers one JSON object, or null. */
  async callObject<Name extends keyof Functions>(
    name: Name,
    args: Functions[Name]["Args"],
  ): Promise<Row | null> {
    const answer = await this.call(name, args);
    const [object = null] = objects([answer]);
    if (object || answer === null) return object;
    throw new RemoteError(`${name} was answered with something else than an object.`);
  }

  /** Calls a database function that answers rows. */
  async callRows<R = Row>(name: keyof Functions): Promise<R[]> {
    return this.list(name, await this.ask(`/rest/v1/rpc/${name}`, { body: {} }));
  }

  private list<R>(name: string, reply: Reply): R[] {
    if (isSuccess(reply) && Array.isArray(reply.json)) {
      const rows = objects(reply.json);
      if (rows.length === reply.json.length) return rows as R[];
    }
    throw new Refused(name, reply, this.url);
  }
}

/** Whether PostgREST or PostgreSQL knows no such function, table or view. */
export function isMissing({ code }: Pick<Reply, "code">): boolean {
  return isMissingFunction(code) || code === "PGRST205" || code === "42P01";
}

function isMissingFunction(code: string | undefined): boolean {
  return code === "PGRST202" || code === "42883";
}

/** A foreign text in one short line that is safe in a terminal. */
export function quoted(text: unknown): string {
  const line = plain(typeof text === "string" ? text : "").replace(/\s+/g, " ").trim();
  return line.length > LONGEST_QUOTE ? `${line.slice(0, LONGEST_QUOTE)}…` : line;
}

/** The objects in a list; none if it is no list: any server may answer at the address. */
export function objects(value: unknown): Row[] {
  const list = Array.isArray(value) ? value : [];
  return list.filter((item) => typeof item === "object" && item !== null && !Array.isArray(item));
}

function isSuccess({ status }: Reply): boolean {
  return status >= 200 && status <= 299;
}

function replyOf(status: number, text: string): Reply {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // It stays undefined.
  }
  const { code, message, msg, detail, error } = (json ?? {}) as Row;
  const words = [detail, message, msg, error].find((word) => typeof word === "string" && word);
  return {
    status,
    text,
    json,
    said: words ? `${status}: ${quoted(words)}` : String(status),
    ...(typeof code === "string" && { code }),
  };
}

/** Deno 2.9 says only that the fetch failed and keeps the reason in the cause; 2.1 says it all. */
function reasonOf({ message, cause }: Error): string {
  const reason = cause instanceof Error ? cause.message : message;
  // The address is known, and words in it could be taken for the reason.
  return quoted(reason.replace(/ for url \([^)]*\)/, ""));
}

function refusal(what: string, reply: Reply, url: string): string {
  const { status, code, said } = reply;
  if (isMissing(reply)) {
    const kind = isMissingFunction(code) ? "function" : "table";
    return `The project has no ${kind} ${what}: its migrations are older than this tool, or missing ` +
      `(${said})\n  npx supabase db push --remote`;
  }
  // 42501: the role may not use it.
  if (status === 401 || status === 403 || code === "42501") {
    return "The project refused the key. It takes a secret key (sb_secret_…) or the legacy service_role " +
      `key, not the publishable or anon key (${said})\n  ${newKey(url)}`;
  }
  // 22023: the database says of an argument what it expected, in words for its sender.
  if (code === "22023") return said.replace(/^\d+: /, "");
  if (status === 404) {
    return `${url} has no Data API: is SUPABASE_URL the API URL of a project? (${said})`;
  }
  if (status >= 300 && status < 400) {
    return `${url} redirects to another address, where the key is not sent (${said})`;
  }
  if (!isSuccess(reply)) return `${what} failed (${said})`;
  const answered = reply.json === undefined ? "something that is not JSON" : "something unexpected";
  return `${what} was answered with ${answered}: is ${url} the API URL of a project?`;
}
