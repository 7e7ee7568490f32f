/** A project's Data API and functions, called with its key. */
import { plain } from "../supabase/functions/_shared/plain.ts";
import { type Answer, exchange, isMissing, isMissingFunction, parseJson } from "./exchange.ts";
import { LostAnswer, RemoteError } from "./failure.ts";
import type { Project } from "./project.ts";

/** In milliseconds; PostgREST ends a statement after 8 s by default. */
const LONGEST_CALL = 15_000;

/** In milliseconds; a run takes as long as its budget, and the gateway gives up before this. */
const LONGEST_RUN = 600_000;

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
    try {
      return await exchange(this.send, { method, url: url + path, key, body, headers, timeout });
    } catch (error) {
      if (!(error instanceof LostAnswer)) throw error;
      throw new LostAnswer(`${url} cannot be reached: ${error.message}`);
    }
  }
}

function refusal(name: string, status: number, reply: unknown, url: string): string {
  const { code, message } = (reply ?? {}) as { code?: string; message?: string };
  const said = message ? `${status}: ${plain(message)}` : `${status}`;
  if (isMissing(code)) {
    const what = isMissingFunction(code) ? "function" : "table";
    return `The project has no ${what} ${name}. Apply the migrations: supabase db push --remote (${said})`;
  }
  // 42501: the role may not use it.
  if (status === 401 || status === 403 || code === "42501") {
    return `The project refused the key. It takes a secret key or the service_role key, not the ` +
      `publishable or anon key (${said})`;
  }
  if (status === 404) return `${url} has no Data API. Is it the API URL of a project? (${said})`;
  return `${name} failed (${said})`;
}
