/** How the models stand that cannot be used now, as the workers have told the database. */
import { KB, textOf } from "./bounded_body.ts";
import type { Configuration } from "./environment.ts";
import { projectHeaders } from "./project_headers.ts";

/** A model that jobs wait for. */
export interface Standing {
  model: string;
  state: "resting" | "refused" | "retired";
  /** The error code of its trouble. */
  code: string;
  /** The provider's words, which may be about the account: only for callers with a key. */
  reason?: string;
  since: string;
  /** When a job may find out whether it can be used again. */
  restsUntil: string;
}

/** Sends a request to the project's own API. */
export type Send = (request: Request) => Promise<Response>;

/** In milliseconds. What asks for health should not wait for a database that is not well. */
const TIMEOUT = 3_000;
/** A model takes less than one kilobyte. */
const MOST_BYTES = 256 * KB;

/** Those of the configured models that cannot be used; none when the database does not answer. */
export async function readStandings(
  { supabaseUrl, serviceKey, models }: Configuration,
  send: Send,
): Promise<Standing[]> {
  const columns = "model,state,code,reason,since,restsUntil:rests_until";
  const url = `${supabaseUrl}/rest/v1/generation_models?select=${columns}&state=neq.ok`;
  const request = new Request(url, {
    headers: { accept: "application/json", ...projectHeaders(serviceKey) },
    redirect: "manual",
    signal: AbortSignal.timeout(TIMEOUT),
  });
  try {
    const response = await send(request);
    if (!response.ok) {
      await response.body?.cancel();
      return [];
    }
    const rows: Standing[] = JSON.parse(await textOf(response, MOST_BYTES));
    return rows.filter(({ model }) => models.includes(model));
  } catch {
    return [];
  }
}

/** A line for each model. */
export function standingText(standing: Standing[]): string[] {
  return standing.map(({ model, state, code, reason, restsUntil }) =>
    `${model} is ${state} until ${restsUntil}: ${code}${reason ? `: ${reason}` : ""}`
  );
}
