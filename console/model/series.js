// @ts-check
/** Rows of the database as the columns of a plot. */

/**
 * @typedef {object} Series
 * @property {string[]} names
 * @property {(number | null)[][]} data the times in seconds, then a column for each name
 * @property {(value: number) => string} unit a value in words
 * @property {boolean} [bars]
 * @property {number} step seconds from one time to the next
 */

/**
 * @param {any[]} rows
 * @param {object} how
 * @param {string} how.time the column of the time
 * @param {Record<string, (row: any) => number | null>} how.columns by name: what a row adds to it; null adds nothing
 * @param {(value: number) => string} how.unit
 * @param {boolean} [how.bars]
 * @param {{ from: number, to: number, step: number, missing: 0 | null }} how.range in seconds. missing: what a time
 *   without a row counts as
 * @returns {Series}
 */
export function seriesOf(rows, { time, columns, unit, bars, range }) {
  const names = Object.keys(columns);
  /** @type {Map<number, (number | null)[]>} */
  const values = new Map();
  for (let at = range.from; at <= range.to; at += range.step) {
    values.set(at, names.map(() => range.missing));
  }
  for (const row of rows) {
    const at = Date.parse(row[time]) / 1000;
    const sums = values.get(at);
    if (!sums) continue;
    values.set(
      at,
      names.map((name, index) => {
        const value = columns[name](row);
        return value === null ? sums[index] : (sums[index] ?? 0) + value;
      }),
    );
  }
  const times = [...values.keys()].sort((one, other) => one - other);
  const isEmpty = rows.length === 0;
  return {
    names,
    unit,
    bars,
    step: range.step,
    data: isEmpty ? [[], ...names.map(() => [])] : [
      times,
      ...names.map((_, index) => times.map((at) => /** @type {any} */ (values.get(at))[index])),
    ],
  };
}
