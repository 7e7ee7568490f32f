// @ts-check
/**
 * What a job will cost, and who can make it.
 *
 * @import { Price } from "../data/core.js"
 */
import { html, nothing } from "../lib/html.js";
import { dollars } from "../lib/text.js";

/** @param {Price | undefined} estimate */
export function price(estimate) {
  if (!estimate) return nothing;
  const { models } = estimate;
  return html`<output class="price">${priceText(estimate)}
    ${
    models.length > 0
      ? html`<span class="quiet-text">by ${models[0]}${
        models.length > 1 ? `, else ${models.slice(1).join(", ")}` : nothing
      }</span>`
      : nothing
  }
  </output>`;
}

/** @param {{ low: number | null, high: number | null }} estimate */
export function priceText({ low, high }) {
  if (low === null || high === null) return "The price is unknown";
  return low === high ? `About ${dollars(low)}` : `${dollars(low)} to ${dollars(high)}`;
}
