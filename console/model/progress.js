// @ts-check
/**
 * How far a job has probably come, by how long jobs of its kind took in the last day.
 *
 * @import { Latency, LiveJob } from "./types.d.ts"
 */

/** The part that is shown as done when the usual time has passed. The rest is for those that take longer. */
const AT_USUAL_TIME = 0.85;

/**
 * @param {Pick<LiveJob, "started_at">} job
 * @param {number} now in milliseconds
 * @param {Latency} [latency] of its kind; without it there is nothing to go by
 * @returns {{ fraction: number, left: number } | undefined} left: seconds, 0 when it takes longer than usual
 */
export function progressOf({ started_at }, now, latency) {
  if (!started_at || !latency || !(latency.took_p50_seconds > 0)) return undefined;
  const usual = latency.took_p50_seconds;
  const elapsed = Math.max(0, (now - Date.parse(started_at)) / 1000);
  if (elapsed <= usual) {
    return { fraction: AT_USUAL_TIME * elapsed / usual, left: Math.max(1, usual - elapsed) };
  }
  const slow = Math.max(latency.took_p95_seconds - usual, usual / 4);
  const beyond = 1 - Math.exp(-(elapsed - usual) / slow);
  return { fraction: AT_USUAL_TIME + (0.99 - AT_USUAL_TIME) * beyond, left: 0 };
}
