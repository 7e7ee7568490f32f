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

/**
 * What a plot shows, in a sentence or two for each of its names.
 *
 * @param {Series} series
 * @param {(time: number) => string} [when] a time of the plot in words
 * @returns {string[]}
 */
export function summaryOf(series, when = (time) => timeText(time, series.step)) {
  const { names, unit, bars, data: [times, ...columns] } = series;
  return names.map((name, index) => {
    /** @type {{ time: number, value: number }[]} */
    const points = columns[index].flatMap((value, at) =>
      value === null ? [] : [{ time: /** @type {number} */ (times[at]), value }]
    );
    const [first, ...others] = points;
    if (!first) return `${name}: none.`;
    const highest = others.reduce((one, other) => other.value > one.value ? other : one, first);
    const peak = `${unit(highest.value)} at ${when(highest.time)}`;
    if (others.length === 0 && !bars) return `${name}: ${peak}.`;
    if (bars) {
      const sum = points.reduce((sum, { value }) => sum + value, 0);
      return sum === 0 ? `${name}: none.` : `${name}: ${unit(sum)} together, at most ${peak}.`;
    }
    const lowest = Math.min(...points.map(({ value }) => value));
    const last = /** @type {{ time: number, value: number }} */ (points.at(-1));
    return `${name}: from ${unit(lowest)} to ${peak}; last, ${unit(last.value)}.`;
  });
}

const DAY = 86_400;

/** A time of a plot by itself: a plot by the hour shows some hours twice. @param {number} time @param {number} step both in seconds */
export function timeText(time, step) {
  if (step >= DAY) return dayText(time, "UTC");
  return new Date(time * 1000).toLocaleTimeString([], {
    ...{ weekday: "short", hour: "2-digit", minute: "2-digit" },
  });
}

/** A time below a plot, beside others: where a day begins, the day. @param {number} time @param {number} step both in seconds */
export function tickText(time, step) {
  if (step >= DAY) return dayText(time, "UTC");
  const date = new Date(time * 1000);
  if (date.getHours() === 0 && date.getMinutes() === 0) return dayText(time);
  return date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/** @param {number} time in seconds @param {string} [timeZone] */
function dayText(time, timeZone) {
  return new Date(time * 1000).toLocaleDateString([], { month: "short", day: "numeric", timeZone });
}
