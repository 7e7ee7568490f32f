// @ts-check
/**
 * What was typed and not sent, by the address of its form: a page that is loaded again begins with it. Like the session
 * it stays in this tab, and signing out forgets it.
 *
 * @import { Project } from "./project.js"
 */

/** @param {Project} project @param {string} address */
function nameOf(project, address) {
  return `generation-queue-draft ${project.name} ${address}`;
}

/** @param {Project} project @param {string} address @returns {any} undefined where nothing was typed */
export function keptDraft(project, address) {
  return JSON.parse(sessionStorage.getItem(nameOf(project, address)) ?? "null") ?? undefined;
}

/** @param {Project} project @param {string} address @param {unknown} draft */
export function keepDraft(project, address, draft) {
  forgetDraft(project, address);
  try {
    sessionStorage.setItem(nameOf(project, address), JSON.stringify(draft));
  } catch {
    // It is larger than what a browser keeps.
  }
}

/** @param {Project} project @param {string} address */
export function forgetDraft(project, address) {
  sessionStorage.removeItem(nameOf(project, address));
}
