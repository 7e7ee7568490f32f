// @ts-check
/** What was most likely meant by a word that is misspelled. The command line uses it as well. */

/**
 * The only word of a list that begins with it, or contains it, or the one that needs the fewest changes; undefined when
 * nothing is near.
 *
 * @param {string} given
 * @param {string[]} words
 * @returns {string | undefined}
 */
function nearest(given, words) {
  const word = given.toLowerCase();
  const holding = words.filter((each) => word.length >= 3 && each.toLowerCase().includes(word));
  if (holding.length === 1) return holding[0];
  const most = Math.max(1, Math.floor(word.length / 3));
  const [first] = words.map((each) => ({ each, changes: changesBetween(word, each.toLowerCase()) }))
    .sort((one, other) => one.changes - other.changes);
  return first && first.changes <= most ? first.each : undefined;
}

/** A question that offers it, with a space before; empty when nothing is near. @param {string} given @param {string[]} words */
export function meant(given, words, prefix = "") {
  const word = nearest(given, words);
  return word === undefined ? "" : ` Did you mean ${prefix}${word}?`;
}

/** How many letters are other, missing, superfluous or swapped with the next one. @param {string} one @param {string} other */
function changesBetween(one, other) {
  /** @type {number[]} */
  let before = [];
  let last = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1];
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (isSame ? 0 : 1));
      const isSwapped = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (isSwapped) row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    [before, last] = [last, row];
  }
  return last[other.length];
}
