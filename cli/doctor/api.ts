/** The project as it answers, whatever that is: a refusal is a finding here, not an error. */
import { KnownSecrets } from "../../supabase/functions/_shared/known_secrets.ts";
import { projectHeaders } from "../../supabase/functions/_shared/project_headers.ts";
import { parseJson } from "../project_api.ts";
import type { Surroundings } from "../surroundings.ts";
import { plain } from "../text.ts";

/** In milliseconds; a function that has to start first takes some seconds. */
const LONGEST_CALL = 30_000;
/** What others say is quoted up to here. */
const LONGEST_QUOTE = 300;

export interface Answer {
  status: number;
  /** What it says as JSON; undefined when it is none. */
  body: unknown;
  /** What it says went wrong, in a line. */
  said: string;
  /** The code of PostgREST or PostgreSQL, where there is one. */
  code?: string;
}

export type Row = Record<string, unknown>;

/** No answer came. */
export class NoAnswer extends Error {
  override name = "NoAnswer";
}

/** An answer came that a check cannot go on with. */
export class Refused extends Error {
  override name = "Refused";
  constructor(readonly what: string, readonly answer: Answer) {
    super(`${what} failed: ${answer.said}`);
  }
}

export class Api {
  /** How far this machine's clock is ahead of the project's, in milliseconds, as each answer has it. */
  readonly #ahead: number[] = [];

  constructor(
    readonly url: string,
    private readonly key: string | null,
    private readonly surroundings: Pick<Surroundings, "fetch" | "now">,
  ) {}

  /**
   * Sends a request; `key` is presented as one of the project's, the one of this examination unless
   * another is given, none for `null`.
   *
   * @throws {NoAnswer}
   */
  async ask(
    path: string,
    { method = "GET", key = this.key, body, headers }: {
      method?: string;
      key?: string | null;
      body?: unknown;
      headers?: Record<string, string>;
    } = {},
  ): Promise<Answer> {
    const { fetch, now } = this.surroundings;
    const sent = now();
    try {
      const response = await fetch(
        new Request(this.url + path, {
          method,
          headers: {
            ...(key === null ? {} : projectHeaders(key)),
            ...(body !== undefined && { "content-type": "application/json" }),
            ...headers,
          },
          body: body === undefined ? undefined : JSON.stringify(body),
          redirect: "manual",
          signal: AbortSignal.timeout(LONGEST_CALL),
        }),
      );
      this.#compareClocks(response.headers.get("date"), sent, now());
      // Whoever answers may quote the key. Once a quotation is cut, half of it would not be known for one.
      const secrets = new KnownSecrets([this.key, key].filter((key) => key !== null));
      return answerOf(response.status, secrets.hide(await response.text()));
    } catch (error) {
      throw new NoAnswer(reasonOf(error as Error));
    }
  }

  /**
   * The rows of a table or view, at most `limit`.
   *
   * @throws {NoAnswer | Refused}
   */
  async rows(name: string, query: Record<string, string> = {}): Promise<Row[]> {
    const answer = await this.ask(`/rest/v1/${name}?${new URLSearchParams(query)}`);
    return rowsIn(name, answer);
  }

  /** Calls a database function that answers rows. */
  async call(name: string, args: Record<string, unknown> = {}): Promise<Row[]> {
    const answer = await this.ask(`/rest/v1/rpc/${name}`, { method: "POST", body: args });
    return rowsIn(name, answer);
  }

  /** How far this machine's clock is ahead, in milliseconds; undefined when no answer told a time. */
  get ahead(): number | undefined {
    const [first, ...others] = this.#ahead;
    if (first === undefined) return undefined;
    return others.reduce((best, next) => Math.abs(next) < Math.abs(best) ? next : best, first);
  }

  /** The time at the project, that many seconds ago. */
  secondsAgo(seconds: number): string {
    const there = this.surroundings.now() - (this.ahead ?? 0);
    return new Date(there - seconds * 1000).toISOString();
  }

  /** The `Date` of an answer names a whole second, of some time between sending and receiving. */
  #compareClocks(date: string | null, sent: number, received: number) {
    const there = date === null ? NaN : Date.parse(date);
    if (Number.isNaN(there)) return;
    const ahead = sent > there + 1000
      ? sent - there - 1000
      : received < there
      ? received - there
      : 0;
    this.#ahead.push(ahead);
  }
}

/** A text of somebody else, in a line, for a finding. */
export function quoted(text: unknown): string {
  const line = plain(typeof text === "string" ? text : "").replace(/\s+/g, " ").trim();
  return line.length > LONGEST_QUOTE ? `${line.slice(0, LONGEST_QUOTE)}…` : line;
}

function answerOf(status: number, text: string): Answer {
  const body = parseJson(text);
  const { code, message, msg, detail, error } = (body ?? {}) as Row;
  const words = [detail, message, msg, error].find((word) => typeof word === "string" && word);
  return {
    status,
    body,
    said: words ? `${status}: ${quoted(words)}` : String(status),
    ...(typeof code === "string" && { code }),
  };
}

function rowsIn(name: string, answer: Answer): Row[] {
  if (answer.status < 200 || answer.status > 299 || !Array.isArray(answer.body)) {
    throw new Refused(name, answer);
  }
  return objects(answer.body);
}

/** PostgREST knows no such function or table; 42P01: PostgreSQL does not, as older ones say. */
export function isMissing(code: string | undefined): boolean {
  return code === "PGRST202" || code === "PGRST205" || code === "42P01" || code === "42883";
}

/** The objects in a list; none where there is no list. Whoever answers need not be what it seems. */
export function objects(value: unknown): Row[] {
  const list = Array.isArray(value) ? value : [];
  return list.filter((item) => typeof item === "object" && item !== null && !Array.isArray(item));
}

/** Deno 2.9 says only that the fetch failed and keeps the reason in the cause; 2.1 says it all. */
function reasonOf({ message, cause }: Error): string {
  const reason = cause instanceof Error ? cause.message : message;
  // The address is known, and might look like a reason.
  return quoted(reason.replace(/ for url \([^)]*\)/, ""));
}
