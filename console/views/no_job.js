// @ts-check
/** What stands where a job would be: it is not read yet, or there is none. */
import { html } from "../lib/html.js";

export const NO_JOB = "There is no such job. It may have been pruned.";

/** @param {boolean} read whether it was looked for */
export function noJob(read) {
  return html`<p class="quiet-text ${read ? "" : "reading"}">${read ? NO_JOB : "Reading…"}</p>`;
}
