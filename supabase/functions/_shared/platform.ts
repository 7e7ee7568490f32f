/** What the functions need of their runtime: Supabase's edge runtime, or plain Deno. */
import { shutdownSignal } from "./shutdown.ts";
import type { Environment } from "./variable.ts";

export interface Platform {
  environment: Environment;
  /** Keeps the worker alive until the promise has settled, also after the response is sent. */
  keepAlive(work: Promise<unknown>): void;
  /** Sends a request to the project's own API. */
  send(request: Request): Promise<Response>;
  /** Aborted when the worker is about to be stopped. */
  shutdown: AbortSignal;
  /** How much of the worker's life has gone by, in seconds. */
  age(): number;
}

interface EdgeGlobal {
  EdgeRuntime?: { waitUntil(promise: Promise<unknown>): void };
}

/** The runtime that has loaded this module. */
export function thisPlatform(): Platform {
  return {
    environment: (name) => Deno.env.get(name),
    // Plain Deno stays alive as long as its server does and has no `EdgeRuntime`.
    keepAlive: (work) => (globalThis as EdgeGlobal).EdgeRuntime?.waitUntil(work),
    send: (request) => fetch(request),
    shutdown: shutdownSignal(),
    age: () => isHosted() ? performance.now() / 1000 : 0,
  };
}

/**
 * Whether Supabase runs this worker, and with that ends its life a fixed time after it has begun. One
 * of a server of one's own lives as long as that does.
 */
function isHosted(): boolean {
  return Deno.env.get("SB_EXECUTION_ID") !== undefined;
}
