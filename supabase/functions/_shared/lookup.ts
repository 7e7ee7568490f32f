/**
 * The addresses of a host name, and requests that go to one of them.
 *
 * Supabase's runtime offers `Deno.resolveDns` and `Deno.createHttpClient` to functions, with permission
 * to use the network. Source: `ext/runtime/js/denoOverrides.js` and
 * `crates/base/src/runtime/permissions.rs` in https://github.com/supabase/edge-runtime.
 */

import type { Init } from "./requests.ts";

/** The part of `Deno.resolveDns` that is used. It follows aliases (CNAME) by itself. */
export type Resolve = (
  name: string,
  type: "A" | "AAAA",
  options: { signal: AbortSignal },
) => Promise<string[]>;

/**
 * The addresses of a name, at least one.
 *
 * @throws when there is none, or when only one kind of address was answered. Deno (seen in 2.1.4 and
 * 2.9.6) reports a name that does not exist, a name without addresses and a name server that says that
 * it fails in the same way, as `NotFound`.
 */
export type Lookup = (name: string) => Promise<string[]>;

/** The time limit of a lookup; a working name server takes some milliseconds. */
const TIMEOUT_MS = 2000;

/**
 * A `Lookup` by this resolver. One kind of address is enough: most hosts have only the older one. But both
 * kinds have to be answered, because `fetch` may connect to an address that was not seen here.
 */
export function createLookup(
  resolve: Resolve | undefined,
  milliseconds = TIMEOUT_MS,
): Lookup {
  return async (name) => {
    const answers = await Promise.allSettled([ask(name, "A"), ask(name, "AAAA")]);
    const failure = answers.find((it) => it.status === "rejected");
    const addresses = answers.flatMap((it) => it.status === "fulfilled" ? it.value : []);
    if (!failure && addresses.length > 0) return addresses;
    const reason = failure?.reason ?? "none found";
    throw new Error(
      `its name has no known address: ${reason instanceof Error ? reason.message : reason}`,
    );
  };

  async function ask(name: string, type: "A" | "AAAA"): Promise<string[]> {
    if (!resolve) throw new Error("Deno.resolveDns is missing");
    const late = new AbortController();
    const timer = setTimeout(
      () => late.abort(new Error(`no answer within ${milliseconds} ms`)),
      milliseconds,
    );
    try {
      return await Promise.race([
        resolve(name, type, { signal: late.signal }),
        aborted(late.signal),
      ]);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Rejects when the signal is aborted, also where the resolver ignores the signal. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** The lookup of this worker. */
export const lookup: Lookup = createLookup(Deno.resolveDns);

let client: Deno.HttpClient | undefined;

/**
 * Lets a request name a host other than the one that it connects to, and speaks HTTP/1.1. Made when it is needed,
 * which most runs never do: it takes 1 to 2 ms.
 */
export function http1(): Deno.HttpClient | undefined {
  return client ??= Deno.createHttpClient?.({ allowHost: true, http2: false });
}

/**
 * Sends a request to this address of its host. `fetch` would resolve the name again, and a hostile
 * name server could answer with another address then.
 *
 * Only over http: `fetch` cannot be told the address of an https request. There the certificate must
 * be valid for the name, which that of a service within a private network is not.
 */
export async function sendTo(address: string, target: string, init: Init): Promise<Response> {
  const url = new URL(target);
  // Over HTTP/2 a host could keep the runtime busy with frames that have nothing in them.
  if (url.protocol !== "http:") return await fetch(target, { ...init, client: http1() });
  const client = http1();
  if (!client) throw new Error("Deno.createHttpClient is missing");
  const { host } = url;
  url.hostname = address.includes(":") ? `[${address}]` : address;
  return await fetch(
    url,
    { ...init, headers: { ...init.headers, host }, client } as RequestInit,
  );
}
