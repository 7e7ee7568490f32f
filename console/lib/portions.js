// @ts-check
/**
 * A list in portions of at most `most`, for requests that take no more. The command line uses it as well.
 *
 * @template T
 * @param {T[]} list
 * @param {number} most
 * @returns {T[][]}
 */
export function portions(list, most) {
  const count = Math.ceil(list.length / most);
  return Array.from({ length: count }, (_, n) => list.slice(n * most, (n + 1) * most));
}
