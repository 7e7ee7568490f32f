// @ts-check
/**
 * The core that the workers run, in this page: it says what is wrong with a message and what it will cost.
 *
 * @import { Issue, Kind } from "../model/types.d.ts"
 */

/** @typedef {{ issues: Issue[], price?: Price }} Verdict */
/**
 * What a job costs, in US dollars; null where no price is known.
 *
 * @typedef {object} Price
 * @property {number | null} likely by the model that will most likely make it
 * @property {number | null} low
 * @property {number | null} high
 * @property {string} [unknown] why one is null
 * @property {string[]} models those that may make it, the most likely first
 */
/** @typedef {{ model: string, state: string }} Model how a model of the workers stands */

/** @type {Promise<any> | undefined} It is large, so it is fetched when a form is opened. */
let core;

/**
 * @returns {Promise<(kind: Kind, message: unknown, models: Model[]) => Verdict>}
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
      const names = models.map(({ model }) => model);
      return { issues: [], price: priceOf(estimate(message, { models: names }), models) };
    } catch (error) {
      const { issues, message: text } = /** @type {any} */ (error);
      return { issues: issues ?? [{ field: "", expected: text }] };
    }
  };
}

/** @param {import("../core/generation_queue.d.ts").Estimate} estimate @param {Model[]} standing @returns {Price} */
export function priceOf({ lowestUsd, highestUsd, models, unknown }, standing) {
  const inTrouble = standing.filter(({ state }) => state !== "ok").map(({ model }) => model);
  const able = models.filter(({ model }) => !inTrouble.includes(model));
  const ordered = [...able, ...models.filter((each) => !able.includes(each))];
  return {
    likely: ordered[0]?.usd ?? null,
    low: lowestUsd,
    high: highestUsd,
    unknown: standing.length > 0 ? unknown : "workers name their models when they first run",
    models: ordered.map(({ model }) => model),
  };
}
