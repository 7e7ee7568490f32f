// @ts-check
/** How a job stands, below its state: the rest of it in words, and how far it has probably come. */
import { html, ifDefined, nothing } from "../lib/html.js";

/** @param {import("../model/standing.js").Standing} standing */
export function details({ tone, detail, fraction }) {
  return html`
    ${detail ? html`<span>${detail}</span>` : nothing}
    ${tone === "working"
      ? html`<progress aria-label="Estimated progress" max="1" value=${
        ifDefined(
          fraction,
        )
      }></progress>`
      : nothing}
  `;
}
