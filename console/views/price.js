// @ts-check
/**
 * What jobs will cost, the most likely price first, and who makes them.
 *
 * @import { Price } from "../model/price.js"
 */
import { html, nothing } from "../lib/html.js";
import { dollars } from "../lib/text.js";

/** @param {Price | undefined} estimate */
export function price(estimate) {
  if (!estimate) return nothing;
  const { likely, low, high } = estimate;
  const [first, ...others] = estimate.models;
  const range = low === null || high === null || low === high
    ? ""
    : `${dollars(low)} to ${dollars(high)} `;
  const orElse = others.length > 0 ? `, or, if it cannot, ${range}by ${others.join(" or ")}` : "";
  return html`<output class="price">${priceText({ ...estimate, low: likely, high: likely })}
    ${first ? html`<span class="quiet-text">by ${first}${orElse}</span>` : nothing}
  </output>`;
}

/** @param {Omit<Price, "models">} price @param {string} [together] of many jobs */
export function priceText({ likely, low, high, unknown }, together = "") {
  if (likely === null) return `The price is not known: ${unknown}`;
  const text = `Costs about ${dollars(likely)}${together}`;
  if (low === null || high === null || low === high) return text;
  return `${text}, ${dollars(low)} to ${dollars(high)} by other models`;
}

/** The price of many jobs together; unknown if that of one is. @param {(Price | undefined)[]} prices */
export function sumOf(prices) {
  /** @param {"likely" | "low" | "high"} name */
  const sum = (name) =>
    prices.reduce((sum, price) => {
      const each = price?.[name] ?? null;
      return sum === null || each === null ? null : sum + each;
    }, /** @type {number | null} */ (0));
  const unknown = prices.find((price) => price?.likely === null)?.unknown;
  return { likely: sum("likely"), low: sum("low"), high: sum("high"), unknown };
}
