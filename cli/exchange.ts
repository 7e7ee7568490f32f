/** One request to a project and what it answers, with nothing decided about it. */
import { KnownSecrets } from "../supabase/functions/_shared/known_secrets.ts";
import { projectHeaders } from "../supabase/functions/_shared/project_headers.ts";
import { LostAnswer } from "./failure.ts";

export interface Exchange {
  method: string;
  url: string;
  /** Presented as one of the project's; null: none. */
  key: string | null;
  /** Sent as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  /** How long the answer is waited for, in milliseconds. */
  timeout: number;
  /** Keys that an answer must not show, besides the one that is presented. */
  secrets?: (string | null)[];
}

/** What was answered, whatever that is; keys are hidden where it quotes them. */
export interface Answer {
  status: number;
  text: string;
  /** When, by the clock of whoever answered. */
  date: string | null;
}

/** @throws {LostAnswer} that says why, in the words of the machine. */
export async function exchange(
  send: (request: Request) => Promise<Response>,
  { method, url, key, body, headers, timeout, secrets = [] }: Exchange,
): Promise<Answer> {
  try {
    const response = await send(
      new Request(url, {
        method,
        headers: {
          ...(body !== undefined && { "content-type": "application/json" }),
          ...(key !== null && projectHeaders(key)),
          ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        redirect: "manual",
        signal: AbortSignal.timeout(timeout),
      }),
    );
    const known = new KnownSecrets([key, ...secrets].filter((secret) => secret !== null));
    const text = known.hide(await response.text());
    return { status: response.status, text, date: response.headers.get("date") };
  } catch (error) {
    throw new LostAnswer(reasonOf(error as Error));
  }
}

/** Deno 2.9 says only that the fetch failed and keeps the reason in the cause; 2.1 says it all. */
function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error ? cause.message : message;
}

/** The value of a JSON text; undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** PostgREST, or PostgreSQL, knows no such function. */
export function isMissingFunction(code: string | undefined): boolean {
  return code === "PGRST202" || code === "42883";
}

/** The same of functions, tables and views. */
export function isMissing(code: string | undefined): boolean {
  return isMissingFunction(code) || code === "PGRST205" || code === "42P01";
}
