// @ts-check
/**
 * The core that the workers run, in this page: it says what is wrong with a message and what it will cost.
 *
 * @import { Issue, Kind } from "../model/types.d.ts"
 * @import { Model, Price } from "../model/price.js"
 */
import { priceOf } from "../model/price.js";

/** @typedef {{ issues: Issue[], price?: Price }} Verdict */
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
