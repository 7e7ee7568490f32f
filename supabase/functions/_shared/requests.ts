/** What an adapter makes of the requests of the core, and of the replies. */
import type { KnownSecrets } from "./known_secrets.ts";

/**
 * The headers that the core sets. All others are dropped: a list of those that can carry a credential
 * would never be complete.
 */
const CORE_HEADERS = ["accept", "cache-control", "content-type", "x-upsert"];

/** The request with the headers of the core that may pass, and the credentials. */
export function withHeaders(request: Request, credentials: Record<string, string>): Request {
  return new Request(request, { headers: headersOf(request, credentials), redirect: "manual" });
}

/** Those headers alone. */
export function headersOf(request: Request, credentials: Record<string, string>): Headers {
  const headers = new Headers(credentials);
  for (const name of CORE_HEADERS) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  return headers;
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
