/** The project as it answers, whatever that is: a refusal is a finding here, not an error. */
import { exchange, parseJson } from "../exchange.ts";
import { LostAnswer } from "../failure.ts";
import type { Surroundings } from "../surroundings.ts";
import { plain } from "../../supabase/functions/_shared/plain.ts";

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
   * @throws {LostAnswer}
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
    const url = this.url + path;
    // A project's key may be quoted, also when another was presented, or none.
    const secrets = [this.key];
    let reply;
    try {
      const request = { method, url, key, body, headers, secrets, timeout: LONGEST_CALL };
      reply = await exchange(fetch, request);
    } catch (error) {
      if (!(error instanceof LostAnswer)) throw error;
      // The address is known, and might look like a reason.
      throw new LostAnswer(quoted(error.message.replace(/ for url \([^)]*\)/, "")));
    }
    this.#compareClocks(reply.date, sent, now());
    return answerOf(reply.status, reply.text);
  }

  /**
   * The rows of a table or view, at most `limit`.
   *
   * @throws {LostAnswer | Refused}
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

/** The objects in a list; none where there is no list. Whoever answers need not be what it seems. */
export function objects(value: unknown): Row[] {
  const list = Array.isArray(value) ? value : [];
  return list.filter((item) => typeof item === "object" && item !== null && !Array.isArray(item));
}
