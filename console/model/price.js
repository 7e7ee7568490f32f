// @ts-check
/** The price of a job by the estimate of the core, with the model first that will most likely make it. */

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
