// @ts-check
/**
 * The queue that jobs of a kind go to. The command line uses it as well.
 *
 * @param {import("./types.d.ts").Kind} kind
 */
export function queueOf(kind) {
  return `${kind}_generation_queue`;
}
