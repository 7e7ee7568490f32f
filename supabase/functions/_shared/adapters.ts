/**
 * The adapters through which the core reaches the outside world.
 *
 * Credentials are added here and nowhere else: they never enter WASM, its logs or its errors. An
 * adapter reaches one service only, so that no message and no reply can make the core send a key to
 * another. Redirects are returned unfollowed for the same reason.
 */
import type { Adapter, ImageAdapters, RunOptions, VideoAdapters } from "./core.ts";
import { sendForPlain } from "./decompress.ts";
import type { Configuration } from "./environment.ts";
import { fair } from "./fair_body.ts";
import { KnownSecrets } from "./known_secrets.ts";
import { type Lookup, lookup as systemLookup, sendTo } from "./lookup.ts";
import { projectHeaders } from "./project_headers.ts";
import { type Begun, isPassedOn, passOn } from "./pass_on.ts";
import { whole } from "./whole.ts";
import { isAddress, isPublicAddress } from "./public_address.ts";
import { type Init, isGet, type Send, withCredentials, withoutSecrets } from "./requests.ts";
import { vertexAdapter } from "./vertex/adapter.ts";
import { vertexSecrets } from "./vertex/settings.ts";

/** What the adapters call; a test passes its own. */
export interface Outside {
  /** Sends a request; over http to this address, if one is given. */
  send(url: string, init: Init, address?: string): Promise<Response>;
  lookup: Lookup;
  /** Receives why a host of source images was not reached. */
  log: NonNullable<RunOptions["log"]>;
  /** How the product names itself to services and to the hosts of source images. */
  userAgent: string;
  /** What is hidden. The credentials are added to it, and so are the tokens that they are exchanged for. */
  secrets: KnownSecrets;
}

/** The arguments of database functions that hold foreign texts. */
const FOREIGN_MEMBERS = ["error_message", "usage", "reason", "passed_over", "operation"];

/** The adapters of an image run. */
export function imageAdapters(
  configuration: Configuration,
  outside: Partial<Outside> = {},
): ImageAdapters {
  const { project, source, google, secrets, send } = open(configuration, outside);
  return {
    ...project,
    gemini: serviceAdapter(configuration.googleBaseUrl, google, secrets, send),
    vertex: vertexAdapter(configuration.vertex, secrets, send),
    source,
  };
}

/** The adapters of a video run. */
export function videoAdapters(
  configuration: Configuration,
  outside: Partial<Outside> = {},
): VideoAdapters {
  const { project, source, google, secrets, send } = open(configuration, outside);
  return {
    ...project,
    veo: downloadAdapter(configuration.googleBaseUrl, google, secrets, send),
    vertex: vertexAdapter(configuration.vertex, secrets, send),
    source,
  };
}

/** What the adapters of both kinds of run have in common. */
function open(configuration: Configuration, outside: Partial<Outside>) {
  const { supabaseUrl, serviceKey, googleApiKey } = configuration;
  const { lookup, log, userAgent, secrets, ...to }: Outside = {
    send: (url, init, address) => address ? sendTo(address, url, init) : fetch(url, init),
    lookup: systemLookup,
    log: () => {},
    userAgent: "generation-queue",
    secrets: new KnownSecrets([]),
    ...outside,
  };
  const sendPlain: Outside["send"] = (url, { headers, ...init }, address) => {
    const named = { ...init, headers: { ...headers, "user-agent": userAgent } };
    return sendForPlain((init) => to.send(url, init, address), named);
  };
  const begun: Begun = new Map();
  const send: Outside["send"] = async (url, init, address) => {
    const sendThere: Send = (url, init) => sendPlain(url, init, address);
    if (isPassedOn(init)) return await passOn(sendThere, url, init, begun);
    const response = await sendThere(url, init);
    return isGet(init) ? whole(response) : response;
  };
  const headers = projectHeaders(serviceKey);
  secrets.add(serviceKey, googleApiKey ?? "", ...vertexSecrets(configuration.vertex));
  const rest = serviceAdapter(`${supabaseUrl}/rest/v1`, headers, secrets, send);
  return {
    project: {
      pgmq: ledgerAdapter(rest, secrets),
      storage: storageAdapter(`${supabaseUrl}/storage/v1`, headers, secrets, send),
    },
    source: openAdapter({ send, lookup, log }),
    google: googleHeaders(googleApiKey),
    secrets,
    send,
  };
}

/**
 * Deno (seen in 2.9.6) repeats a request by itself, even a POST, when a kept connection breaks before
 * the reply; a video that is submitted twice is paid for twice. So no connection to the provider is
 * kept. HTTP/2 has no such header, and reports which requests were not processed.
 */
function googleHeaders(key?: string): Record<string, string> {
  return { ...(key && { "x-goog-api-key": key }), connection: "close" };
}

/** Adds the credentials, and refuses what does not lie under `url`. */
function serviceAdapter(
  url: string,
  credentials: Record<string, string>,
  secrets: KnownSecrets,
  send: Send,
): Adapter {
  const signed = withCredentials(credentials);
  return {
    url,
    async fetch(target, init) {
      if (!liesUnder(url, target)) {
        throw new TypeError(`refused: ${originOf(target)} is not the service of ${url}`);
      }
      return withoutSecrets(secrets, await send(target, signed(init)));
    },
  };
}

/**
 * The adapter of a service that also answers addresses to download from. On its own origin the
 * download needs the key; on any other (a redirect to a file store) the key must not be sent.
 */
function downloadAdapter(
  url: string,
  credentials: Record<string, string>,
  secrets: KnownSecrets,
  send: Send,
): Adapter {
  const origin = new URL(url).origin;
  const [signed, unsigned] = [withCredentials(credentials), withCredentials({})];
  return {
    url,
    async fetch(target, init) {
      const own = originOf(target) === origin;
      return withoutSecrets(secrets, await send(target, own ? signed(init) : unsigned(init)));
    },
  };
}

/**
 * The adapter of the ledger. A key that was quoted on the way here, in a success or in the middle of
 * an exception, is taken out before it would be stored.
 */
function ledgerAdapter({ url, fetch }: Adapter, secrets: KnownSecrets): Adapter {
  return {
    url,
    async fetch(target, init) {
      // What is not a text is one too long for the core to have written it as such.
      const body = typeof init.body === "string" ? init.body : await new Response(init.body).text();
      const request = { ...init, ...(init.body && { body }) };
      if (secrets.hide(body) === body) return await fetch(target, request);
      const call = JSON.parse(body);
      for (const member of FOREIGN_MEMBERS.filter((name) => name in call)) {
        call[member] = JSON.parse(secrets.hide(JSON.stringify(call[member])));
      }
      return await fetch(target, { ...request, body: JSON.stringify(call) });
    },
  };
}

/**
 * The adapter of storage. What it shows to everyone, it is asked for as everyone asks: its answer
 * must not depend on a key.
 */
function storageAdapter(
  url: string,
  credentials: Record<string, string>,
  secrets: KnownSecrets,
  send: Send,
): Adapter {
  const asOwner = serviceAdapter(url, credentials, secrets, send);
  const asVisitor = serviceAdapter(url, {}, secrets, send);
  const visited = [`${url}/object/public/`, `${url}/render/image/public/`];
  return {
    url,
    async fetch(target, init) {
      const isPublic = isGet(init) && visited.some((base) => new URL(target).href.startsWith(base));
      return await (isPublic ? asVisitor : asOwner).fetch(target, init);
    },
  };
}

/**
 * The adapter of the public internet: no address of its own, no credentials. For a name that leads
 * into a private network it answers 421 (Misdirected Request) itself and sends nothing; nor does it
 * for a name without a known address. Why a host was not reached is for the log, not for a sender.
 */
function openAdapter({ send, lookup, log }: Pick<Outside, "send" | "lookup" | "log">): Adapter {
  const unsigned = withCredentials({});
  return {
    url: "",
    async fetch(target, init) {
      const host = new URL(target).hostname.replace(/^\[|\]$/g, "");
      const tell = (code: string, message: string) =>
        log({ level: "warn", code, message: `The host ${host} of a source image ${message}` });
      try {
        const addresses = isAddress(host) ? [host] : await lookup(host);
        const inside = addresses.find((address) => !isPublicAddress(address));
        if (inside !== undefined) {
          tell("source_host_not_public", `leads to ${inside}, which is not on the public internet`);
          return new Response(null, { status: 421 });
        }
        // Not every network of a function has IPv6.
        const address = addresses.find((address) => !address.includes(":")) ?? addresses[0];
        return fair(await send(target, unsigned(init), address));
      } catch (error) {
        tell("source_host_unreachable", `could not be reached: ${reasonOf(error, target)}`);
        throw error;
      }
    },
  };
}

/** Without the URL that `fetch` repeats, because a path or a query can be a secret. */
function reasonOf(error: unknown, url: string): string {
  // Deno 2.1.4 gives the reason at once, 2.9.6 as the cause.
  const { cause } = error as { cause?: unknown };
  const reason = [error, cause].filter((it) => it instanceof Error).map((it) => it.message);
  return reason.join(": ").replaceAll(/https?:\/\/[^\s)]*/g, new URL(url).origin);
}

/** Whether `target` is `base` or a path below it, on the same origin. */
function liesUnder(base: string, target: string): boolean {
  // There is nothing in it that parsing could change.
  if (target.startsWith(`${base}/`) && !/[%\\\s]|\/\./.test(target.slice(base.length))) return true;
  const { origin, pathname } = new URL(base);
  const url = new URL(target);
  const prefix = pathname.replace(/\/+$/, "");
  return url.origin === origin &&
    // URL has resolved `..` already; an encoded slash would let a server resolve more of them.
    !/%2f|%5c|\\/i.test(url.pathname) &&
    (url.pathname === prefix || url.pathname.startsWith(`${prefix}/`));
}

function originOf(url: string): string {
  return new URL(url).origin;
}
