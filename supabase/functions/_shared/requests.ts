/** What an adapter makes of the requests of the core, and of the replies. */
import type { KnownSecrets } from "./known_secrets.ts";

/** What `fetch` takes beside an address, with headers that can be read. */
export interface Init extends RequestInit {
  client?: Deno.HttpClient;
  headers: Record<string, string>;
}

/** Sends a request. */
export type Send = (url: string, init: Init) => Promise<Response>;

/**
 * The headers that the core sets. All others are dropped: a list of those that can carry a credential
 * would never be complete.
 */
const CORE_HEADERS = ["accept", "cache-control", "content-type", "range", "x-upsert"];

/** The requests of the core with the headers of the core that may pass, and these credentials. */
export function withCredentials(
  credentials: Record<string, string>,
): (init: RequestInit) => Init {
  const headers = headersWith(credentials);
  return (init) => ({ ...init, headers: headers(init), redirect: "manual" });
}

/**
 * Those headers alone. The core has one object for all requests of a kind, and leaves it as it is: so
 * each is read once.
 */
function headersWith(
  credentials: Record<string, string>,
): (init: RequestInit) => Record<string, string> {
  const made = new WeakMap<Headers, Record<string, string>>();
  return ({ headers: given }) => {
    const known = given instanceof Headers ? made.get(given) : undefined;
    if (known) return known;
    const headers = { ...credentials, ...coreHeaders(given) };
    if (given instanceof Headers) made.set(given, headers);
    return headers;
  };
}

/** The headers of the core that may pass. */
export function coreHeaders(given: HeadersInit | undefined): Record<string, string> {
  const headers = new Headers(given);
  const passing = CORE_HEADERS.filter((name) => headers.has(name));
  return Object.fromEntries(passing.map((name) => [name, headers.get(name)!]));
}

/** Whether a request only reads. */
export function isGet({ method = "GET" }: RequestInit): boolean {
  return method === "GET";
}

/**
 * An error is stored in the ledger, and some proxies quote the key in it. Its body is streamed: the
 * core decides how much of it is read, and for how long.
 */
export function withoutSecrets(secrets: KnownSecrets, response: Response): Response {
  if (response.status < 400 || response.body === null) return response;
  const { status, headers } = response;
  return new Response(response.body.pipeThrough(secrets.hideInStream()), { status, headers });
}
