// @ts-check
/**
 * How a job stands, in words: what happens with it, or why nothing does and until when.
 *
 * @import { LiveJob } from "./types.d.ts"
 */
import { clock, duration } from "../lib/text.js";
import { progressOf } from "./progress.js";

/**
 * @typedef {object} Standing
 * @property {"working" | "queued" | "held"} tone
 * @property {string} word the state in a word or two
 * @property {string} detail the rest of it; empty where there is no more to say
 * @property {number} [fraction] the part of the work that is probably done
 */

const TROUBLE = { resting: "Resting", refused: "Account refused", retired: "Model retired" };

/**
 * @param {LiveJob} job
 * @param {{ now: number, latency?: import("./types.d.ts").Latency }} context now: in milliseconds, by the
 *   database's clock
 * @returns {Standing}
 */
export function standingOf(job, { now, latency }) {
  if (job.status === "running" || job.status === "waiting") return working(job, now, latency);
  if (job.held?.by === "model") return heldByModel(job.held, now);
  if (job.held?.by === "limit") return heldByLimit(job.held, now);
  if (job.visible_at && Date.parse(job.visible_at) > now + 1000) return delayed(job, now);
  const place = job.position
    ? `number ${job.position.toLocaleString("en")}`
    : "behind a thousand others";
  return { tone: "queued", word: "Queued", detail: place };
}

/**
 * @param {LiveJob} job
 * @param {number} now
 * @param {import("./types.d.ts").Latency} [latency]
 * @returns {Standing}
 */
function working(job, now, latency) {
  const progress = progressOf(job, now, latency);
  const submitted = job.status === "waiting" || job.submitted_at;
  const begun = job.submitted_at ?? job.started_at;
  const left = progress === undefined
    ? begun && `for ${duration((now - Date.parse(begun)) / 1000)}`
    : progress.left > 0
    ? `about ${duration(progress.left)} left`
    : "longer than usual";
  return {
    tone: "working",
    word: submitted ? "Waiting for Google" : "Generating",
    detail: [left, job.attempts > 1 && `attempt ${job.attempts}`].filter(Boolean).join(", "),
    fraction: progress?.fraction,
  };
}

/**
 * @param {NonNullable<LiveJob["held"]>} held
 * @param {number} now
 * @returns {Standing}
 */
function heldByModel({ model, state, until, reason, code }, now) {
  const end = until && Date.parse(until) > now ? ` until ${clock(until, now)}` : ", being probed";
  const word = TROUBLE[/** @type {keyof typeof TROUBLE} */ (state)] ?? "Waiting for its model";
  return { tone: "held", word, detail: `${model}${end}: ${reason || code}` };
}

/**
 * @param {NonNullable<LiveJob["held"]>} held
 * @param {number} now
 * @returns {Standing}
 */
function heldByLimit(held, now) {
  const { most, until } = held;
  const next = most !== 0 && until && Date.parse(until) > now
    ? `, next at ${clock(until, now)}`
    : "";
  return { tone: "held", word: "Held by a limit", detail: limitText(held) + next };
}

/** What a limit allows. The command line says it as well. @param {import("./types.d.ts").Held} held */
export function limitText({ model, limit, most }) {
  if (most === 0) return `${model} is stopped`;
  return `${model}: ${most} ${limit === "requests_per_minute" ? "a minute" : "in flight"}`;
}

/**
 * @param {LiveJob} job
 * @param {number} now
 * @returns {Standing}
 */
function delayed({ visible_at, error_message, error_code }, now) {
  const time = clock(/** @type {string} */ (visible_at), now);
  if (!error_code) return { tone: "queued", word: "Delayed", detail: `until ${time}` };
  return { tone: "held", word: `Tries again at ${time}`, detail: error_message || error_code };
}
