// @ts-check
/** Times, sums and counts in words. */

/** @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 10 && whole % 60) return `${minutes} min ${whole % 60} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.round(hours / 24)} days`;
}

/**
 * @param {string | number | null | undefined} time
 * @param {number} now in milliseconds
 */
export function ago(time, now) {
  if (!time) return "";
  const seconds = (now - new Date(time).getTime()) / 1000;
  return seconds < 5 ? "just now" : `${duration(seconds)} ago`;
}

/**
 * The time of the day, with the date where it is another day.
 *
 * @param {string | number} time
 * @param {number} now in milliseconds
 */
export function clock(time, now) {
  const date = new Date(time);
  const hours = date.toLocaleTimeString([], { timeStyle: "medium" });
  if (date.toDateString() === new Date(now).toDateString()) return hours;
  return `${date.toLocaleDateString([], { dateStyle: "medium" })}, ${hours}`;
}

/** @param {number | string | null | undefined} amount in US dollars */
export function dollars(amount) {
  const value = Number(amount ?? 0);
  const digits = value !== 0 && Math.abs(value) < 1 ? 3 : 2;
  return `$${
    value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: digits })
  }`;
}

/**
 * @param {number} number
 * @param {string} one
 * @param {string} [many]
 */
export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/** The address if a browser may follow it; a message may hold anything. @param {unknown} address */
export function link(address) {
  return typeof address === "string" && /^https?:\/\//i.test(address) ? address : undefined;
}
