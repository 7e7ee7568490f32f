/**
 * The doors through which the core reaches the outside world.
 *
 * Credentials are added here and nowhere else: they never enter WASM, its logs or its errors. A
 * door leads to one service only, so that whatever a message or a reply talks the core into, no
 * key leaves for a place it was not made for. Redirects are handed back unfollowed for the same
 * reason.
 */
import type { Adapter, ImageAdapters, VideoAdapters } from "./core.ts";
import type { Configuration } from "./environment.ts";
import { projectHeaders } from "./project_headers.ts";

/** Sends a request; the global `fetch`, unless a test looks on. */
export type Send = (request: Request) => Promise<Response>;

/** Headers that only an adapter may set. */
const CREDENTIAL_HEADERS = [
  "apikey",
  "authorization",
  "cookie",
  "proxy-authorization",
  "x-goog-api-key",
];

/** The doors of an image run. */
export function imageAdapters(configuration: Configuration, send: Send = fetch): ImageAdapters {
  const google = googleHeaders(configuration.googleApiKey);
  return {
    ...projectAdapters(configuration, send),
    gemini: serviceAdapter(
      configuration.googleBaseUrl,
      google,
      (request) => withoutKey(configuration.googleApiKey, send(request)),
    ),
    source: openAdapter(send),
  };
}

/** The doors of a video run. */
export function videoAdapters(configuration: Configuration, send: Send = fetch): VideoAdapters {
  return {
    ...projectAdapters(configuration, send),
    veo: downloadAdapter(configuration.googleBaseUrl, configuration.googleApiKey, send),
    source: openAdapter(send),
  };
}

function projectAdapters({ supabaseUrl, serviceKey }: Configuration, send: Send) {
  const headers = projectHeaders(serviceKey);
  return {
    pgmq: serviceAdapter(`${supabaseUrl}/rest/v1`, headers, send),
    storage: serviceAdapter(`${supabaseUrl}/storage/v1`, headers, send),
  };
}

/**
 * Deno (seen in 2.9.6) sends a request again by itself, a POST too, when a kept connection breaks
 * before the reply; a video that is submitted twice is paid for twice. So no connection to the
 * provider is kept. HTTP/2 has no such header, and tells what was never processed.
 */
function googleHeaders(key: string): Record<string, string> {
  return { "x-goog-api-key": key, connection: "close" };
}

/** An error of the provider's is kept in the ledger, and some proxies quote the key in it. */
async function withoutKey(key: string, reply: Promise<Response>): Promise<Response> {
  const response = await reply;
  if (response.status < 400) return response;
  const { status, headers } = response;
  const text = await response.text();
  return new Response(text.replaceAll(key, "[redacted]"), { status, headers });
}

/** Adds the credentials, and refuses whatever does not lie under `url`. */
function serviceAdapter(url: string, credentials: Record<string, string>, send: Send): Adapter {
  return {
    url,
    async fetch(request) {
      if (!liesUnder(url, request.url)) {
        throw new TypeError(`refused: ${originOf(request.url)} is not the service of ${url}`);
      }
      return await send(withHeaders(request, credentials));
    },
  };
}

/**
 * The door to a service that also hands out addresses to download from. On its own origin the
 * download needs the key; on any other (a redirect to a file store) the key must not go along.
 */
function downloadAdapter(url: string, key: string, send: Send): Adapter {
  const origin = new URL(url).origin;
  return {
    url,
    async fetch(request) {
      const own = originOf(request.url) === origin;
      return await withoutKey(key, send(withHeaders(request, own ? googleHeaders(key) : {})));
    },
  };
}

/** The door to the public internet: no address of its own, no credentials. */
function openAdapter(send: Send): Adapter {
  return { url: "", fetch: async (request) => await send(withHeaders(request, {})) };
}

/** Whether `target` is `base` or a path below it, on the same origin. */
function liesUnder(base: string, target: string): boolean {
  const { origin, pathname } = new URL(base);
  const url = new URL(target);
  const prefix = pathname.replace(/\/+$/, "");
  return url.origin === origin &&
    // URL has resolved `..` already; an encoded slash would let a server resolve more of them.
    !/%2f|%5c|\\/i.test(url.pathname) &&
    (url.pathname === prefix || url.pathname.startsWith(`${prefix}/`));
}

function withHeaders(request: Request, credentials: Record<string, string>): Request {
  const headers = new Headers(request.headers);
  for (const name of CREDENTIAL_HEADERS) headers.delete(name);
  for (const [name, value] of Object.entries(credentials)) headers.set(name, value);
  return new Request(request, { headers, redirect: "manual" });
}

function originOf(url: string): string {
  return new URL(url).origin;
}
