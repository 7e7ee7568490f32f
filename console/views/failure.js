// @ts-check
/** What can be done about a failure, in words and by a link. */
import { html, nothing } from "../lib/html.js";
import { address } from "../lib/route.js";
import { adviceOf, remediesOf } from "../model/remedy.js";

/** What the message lacks, where the error does not say it. @param {string | null | undefined} code of the error */
export function advice(code) {
  const text = adviceOf(code);
  return text ? html`<span>${text}</span>` : nothing;
}

/** Where the fault is the message's, its form. @param {string} job @param {string | null | undefined} code of its error */
export function changeLink(job, code) {
  return remediesOf(code).change
    ? html`<a class="change" href=${address("again", job)}>Change and send again</a>`
    : nothing;
}
