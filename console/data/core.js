// @ts-check
/**
 * The core that the workers run, in this page: it says what is wrong with a message and what it will cost.
 *
 * @import { Issue, Kind } from "../model/types.d.ts"
 */

/** @typedef {{ issues: Issue[], price?: Price }} Verdict */
/** @typedef {{ low: number | null, high: number | null, models: string[] }} Price in US dollars */

/** @type {Promise<any> | undefined} It is large, so it is fetched when a form is opened. */
let core;

/**
 * @returns {Promise<(kind: Kind, message: unknown, models: string[]) => Verdict>}
 * @throws what to do, if the core cannot be loaded: without it a message would be paid for unchecked
 */
export async function openCore() {
  core ??= import("../core/generation_queue.js");
  const functions = await core.catch(() => {
    throw new Error(
      "Messages cannot be checked, so none is sent: core/generation_queue.js did not load. Reload the page.",
    );
  });
  return (kind, message, models) => {
    const [validate, estimate] = kind === "image"
      ? [functions.validateImageJob, functions.estimateImageJob]
      : [functions.validateVideoJob, functions.estimateVideoJob];
    try {
      validate(message);
      return { issues: [], price: priceOf(estimate(message, { models })) };
    } catch (error) {
      const { issues, message: text } = /** @type {any} */ (error);
      return { issues: issues ?? [{ field: "", expected: text }] };
    }
  };
}

/** @param {import("../core/generation_queue.d.ts").Estimate} estimate @returns {Price} */
function priceOf({ lowestUsd, highestUsd, models }) {
  return { low: lowestUsd, high: highestUsd, models: models.map(({ model }) => model) };
}
