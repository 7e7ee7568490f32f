/**
 * The addresses of a host name, as far as the runtime can tell.
 *
 * Supabase's runtime offers `Deno.resolveDns` to functions, with permission to use the network.
 * Source: `ext/runtime/js/denoOverrides.js` and `crates/base/src/runtime/permissions.rs` in
 * https://github.com/supabase/edge-runtime. Where it is missing, denied or does not work, the
 * functions do without: a broken name server must not stop the queue.
 *
 * This does not stop the owner of a name server, who can give one address here and another to `fetch`
 * right after it. `fetch` cannot be told the address to connect to. Over https the certificate prevents
 * that attack, over http nothing does.
 */
import type { RunOptions } from "./core.ts";

export type Log = NonNullable<RunOptions["log"]>;

/** The addresses of a name; none if it has none or the lookup fails. */
export type Lookup = (name: string, log: Log) => Promise<string[]>;

/** The part of `Deno.resolveDns` that is used. It follows aliases (CNAME) by itself. */
export type Resolve = (
  name: string,
  type: "A" | "AAAA",
  options: { signal: AbortSignal },
) => Promise<string[]>;

/** The time limit of a lookup; a working name server takes some milliseconds. */
const TIMEOUT_MS = 2000;

/** A `Lookup` that logs once why it does not work. */
export function createLookup(
  resolve: Resolve | undefined,
  milliseconds = TIMEOUT_MS,
): Lookup {
  let said = false;

  return async (name, log) => {
    const answers = await Promise.allSettled(
      (["A", "AAAA"] as const).map((type) => ask(type)),
    );
    const failures = answers.filter((answer) => answer.status === "rejected")
      .filter(({ reason }) => !(reason instanceof Deno.errors.NotFound));
    if (failures.length > 0 && !said) {
      said = true;
      const why = failures[0].reason;
      log({
        level: "warn",
        code: "names_not_looked_up",
        message: "The hosts of source images are connected to without looking their names up: " +
          (why instanceof Error ? why.message : why),
      });
    }
    return answers.flatMap((answer) => answer.status === "fulfilled" ? answer.value : []);

    async function ask(type: "A" | "AAAA"): Promise<string[]> {
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
      } finally {
        clearTimeout(timer);
      }
    }
  };
}

/** Rejects when the signal is aborted, also where the resolver ignores the signal. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** The lookup of this worker. */
export const lookup: Lookup = createLookup(Deno.resolveDns);
