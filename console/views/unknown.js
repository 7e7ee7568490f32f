// @ts-check
/**
 * An address that is none of the page's.
 *
 * @import { View } from "./view.d.ts"
 */
import { html } from "../lib/html.js";
import { address } from "../lib/route.js";

/** @param {string} asked @returns {View} */
export function unknownView(asked) {
  const draw = () =>
    html`
      <div class="empty">
        <h1>There is no such page</h1>
        <p>
          Nothing is at <code>${asked}</code>. The address may be cut off, or from another version of the console.
        </p>
        <p>
          <a class="button primary" href=${address("storyboards")}>Storyboards</a>
          <a class="button" href=${address("queue")}>Queue</a>
        </p>
      </div>
    `;
  return { title: "No such page", refresh: () => Promise.resolve(60), draw };
}
