// @ts-check
/**
 * Running failed jobs again: one, or however many there are. One call of the database has time for some hundreds.
 *
 * @import { Kind } from "../model/types.d.ts"
 * @import { Project } from "./project.js"
 */
import { portions } from "../lib/portions.js";
import { count } from "../lib/text.js";
import { queueOf } from "../model/queue.js";
import { wordsOf } from "./project.js";

/** Jobs that one call redrives: it answers a thousand at most, and has 8 seconds. */
const MOST_SENT = 500;
const MOST_READ = 1000;

/**
 * @param {Project} project
 * @param {string[]} ids
 * @param {{ forget_operation?: boolean }} [how]
 * @returns {Promise<string>} the outcome in words
 */
export async function redrive(project, ids, how = {}) {
  /** @type {string[]} */
  const sent = [];
  try {
    for (const some of portions(ids, MOST_SENT)) {
      sent.push(...await project.call("redrive_generation_jobs", { job_ids: some, ...how }));
    }
    const again = new Set(sent);
    const why = await leftOut(project, ids.filter((id) => !again.has(id)));
    return outcome(sent.length) + why;
  } catch (problem) {
    if (sent.length === 0) throw problem;
    // Those before it are on the queue all the same.
    throw new Error(`${outcome(sent.length)} Then: ${wordsOf(problem)}`);
  }
}

/**
 * All jobs of a kind that failed for one reason.
 *
 * @param {Project} project
 * @param {{ kind: Kind, error_code: string }} which
 * @returns {Promise<string>} the outcome in words
 */
export async function redriveAll(project, { kind, error_code }) {
  /** @type {string[]} */
  const ids = [];
  /** @type {{ id: string }[]} */
  let some;
  do {
    some = await project.rows("generation_jobs", {
      select: "id",
      status: "eq.failed",
      queue: `eq.${queueOf(kind)}`,
      error_code: `eq.${error_code}`,
      ...(ids.length > 0 && { id: `gt.${ids.at(-1)}` }),
      order: "id",
      limit: `${MOST_READ}`,
    });
    ids.push(...some.map(({ id }) => id));
    // Fewer than were asked for may be as many as the project answers at a time.
  } while (some.length > 0);
  return await redrive(project, ids);
}

/** Why those that were not sent were not. @param {Project} project @param {string[]} ids */
async function leftOut(project, ids) {
  let left = 0;
  let reason = "";
  for (const some of portions(ids, MOST_SENT)) {
    const rows = await project.call("generation_jobs_left_out", { job_ids: some });
    left += rows.length;
    reason ||= rows[0]?.reason ?? "";
  }
  return left > 0 ? ` ${left} left out: ${reason}.` : "";
}

/** @param {number} sent */
function outcome(sent) {
  if (sent === 0) return "Nothing was redriven.";
  return `${count(sent, "job is", "jobs are")} on the queue again.`;
}
