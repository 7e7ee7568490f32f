// @ts-check
/**
 * Cancelling jobs: one, or all that wait.
 *
 * @import { Result } from "../model/types.d.ts"
 * @import { Project } from "./project.js"
 */
import { count } from "../lib/text.js";
import { wordsOf } from "./project.js";

/** Requests at a time. */
const TOGETHER = 4;

/** @param {Project} project @param {string} job @returns {Promise<Result>} */
export async function cancel(project, job) {
  const { cancelled, status } = await ask(project, job);
  if (cancelled) return { said: "Cancelled.", again: job };
  if (status === "cancelled") return { said: "It was cancelled before.", again: job };
  return {
    said: status ? `Not cancelled: it has ${status}.` : "Not cancelled: there is no such job.",
  };
}

/**
 * @param {Project} project
 * @param {string[]} jobs
 * @param {(done: number) => void} progress called after each of them
 * @returns {Promise<string>} the outcome in words
 */
export async function cancelAll(project, jobs, progress) {
  const rest = jobs.values();
  let [cancelled, ended] = [0, 0];
  /** @type {unknown} */
  let problem;
  const some = async () => {
    for (const job of rest) {
      try {
        if ((await ask(project, job)).cancelled) cancelled++;
        else ended++;
      } catch (error) {
        problem ??= error;
      }
      progress(cancelled + ended);
      if (problem) return;
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, some));
  const said = cancelled === jobs.length
    ? `${count(cancelled, "job")} cancelled.`
    : `${cancelled} of ${count(jobs.length, "job")} cancelled.`;
  if (problem) throw new Error(`${said} Then: ${wordsOf(problem)}`);
  return ended > 0 ? `${said} ${ended} had ended.` : said;
}

/** @param {Project} project @param {string} job @returns {Promise<{ cancelled: boolean, status: string | null }>} */
function ask(project, job) {
  return project.call("cancel_generation_job", { job_id: job });
}
