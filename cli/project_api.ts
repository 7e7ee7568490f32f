/** A project's Data API and functions, called with its key. */
import { projectHeaders } from "../supabase/functions/_shared/project_headers.ts";
import { LostAnswer, RemoteError } from "./failure.ts";
import type { Project } from "./project.ts";

/** In milliseconds; PostgREST ends a statement after 8 s by default. */
const LONGEST_CALL = 15_000;

/** In milliseconds; a run takes as long as its budget, and the gateway gives up before this. */
const LONGEST_RUN = 600_000;

/** What a function answered. */
export interface Answer {
  status: number;
  text: string;
}

/** Calls of one project. */
export class ProjectApi {
  constructor(
    readonly project: Project,
    private readonly send: (request: Request) => Promise<Response>,
  ) {}

  /** Calls a database function. */
  async call(name: string, args: Record<string, unknown>): Promise<unknown> {
    return await this.read(name, `/rest/v1/rpc/${name}`, "POST", args);
  }

  /** The rows of a table or view; `query` as PostgREST takes it, like `status=eq.failed`. */
  async rows<Row>(name: string, query: Record<string, string> = {}): Promise<Row[]> {
    const reply = await this.read(name, `/rest/v1/${name}?${new URLSearchParams(query)}`, "GET");
    if (!Array.isArray(reply)) throw new RemoteError(`${name} answered something else than rows.`);
    return reply;
  }

  /**
   * All rows, however few of them the project hands out at once. `query` has to name an order in which
   * no two rows are alike.
   */
  async allRows<Row>(name: string, query: Record<string, string> & { order: string }) {
    const rows: Row[] = [];
    for (;;) {
      const page = await this.rows<Row>(name, { ...query, offset: `${rows.length}` });
      if (page.length === 0) return rows;
      rows.push(...page);
    }
  }

  /** Has a function work on its queue. Answers what it said, whatever that was. */
  async invoke(
    name: string,
    body: Record<string, unknown>,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return await this.fetch(`/functions/v1/${name}`, "POST", body, headers, LONGEST_RUN);
  }

  private async read(name: string, path: string, method: string, body?: unknown) {
    const { status, text } = await this.fetch(path, method, body);
    const reply = parseJson(text);
    const { url } = this.project;
    if (status < 200 || status > 299) throw new RemoteError(refusal(name, status, reply, url));
    if (reply === undefined) {
      throw new RemoteError(`${name} answered something that is not JSON. Is ${url} the API URL?`);
    }
    return reply;
  }

  private async fetch(
    path: string,
    method: string,
    body?: unknown,
    headers: Record<string, string> = {},
    timeout = LONGEST_CALL,
  ): Promise<Answer> {
    const { url, key } = this.project;
    const request = new Request(url + path, {
      method,
      headers: { "content-type": "application/json", ...projectHeaders(key), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      redirect: "manual",
      signal: AbortSignal.timeout(timeout),
    });
    try {
      const response = await this.send(request);
      return { status: response.status, text: await response.text() };
    } catch (error) {
      throw new LostAnswer(`${url} cannot be reached: ${reasonOf(error as Error)}`);
    }
  }
}

/** Deno 2.9 says only that the fetch failed and keeps the reason in the cause; 2.1 says it all. */
function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error ? cause.message : message;
}

function refusal(name: string, status: number, reply: unknown, url: string): string {
  const { code, message } = (reply ?? {}) as { code?: string; message?: string };
  const said = message ? `${status}: ${message}` : `${status}`;
  // PGRST202: PostgREST knows no such function. PGRST205, or 42P01 of PostgreSQL: no such table.
  if (code === "PGRST202" || code === "PGRST205" || code === "42P01") {
    const what = code === "PGRST202" ? "function" : "table";
    return `The project has no ${what} ${name}. Apply the migrations: supabase db push (${said})`;
  }
  // 42501: the role may not use it.
  if (status === 401 || status === 403 || code === "42501") {
    return `The project refused the key. It takes a secret key or the service_role key, not the ` +
      `publishable or anon key (${said})`;
  }
  if (status === 404) return `${url} has no Data API. Is it the API URL of a project? (${said})`;
  return `${name} failed (${said})`;
}

/** The value of a JSON text; undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
