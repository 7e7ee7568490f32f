// @ts-check
/**
 * Which project the page is for. The server of the page may know; otherwise the operator types it. What is
 * typed stays in this tab and is gone with it; it is never part of an address.
 *
 * @import { Session } from "./project.js"
 */

const STORED = "generation-queue-session";

/** @returns {Promise<Session | undefined>} undefined when the operator has to type it */
export async function openSession() {
  const served = await servedSession();
  if (served?.proxied) return served;
  try {
    const typed = JSON.parse(sessionStorage.getItem(STORED) ?? "null");
    if (typed?.url && typed.key) return typed;
  } catch {
    // What is stored is from something else.
  }
  return undefined;
}

/** The address that the server of the page suggests. */
export async function suggestedUrl() {
  return (await servedSession())?.url ?? "";
}

/** @param {Session} session */
export function keepSession({ url, key }) {
  sessionStorage.setItem(STORED, JSON.stringify({ url, key }));
}

/** With everything that was kept for it. */
export function forgetSession() {
  const own = Object.keys(sessionStorage).filter((name) => name.startsWith("generation-queue-"));
  for (const name of own) sessionStorage.removeItem(name);
}

/** @returns {Promise<(Session & { proxied?: boolean }) | undefined>} */
async function servedSession() {
  try {
    const response = await fetch("./console.json", { cache: "no-store" });
    const served = response.ok ? await response.json() : undefined;
    return typeof served?.url === "string" ? served : undefined;
  } catch {
    return undefined;
  }
}
