// @ts-check
/**
 * What an operator can have done.
 *
 * @import { Kind } from "../model/types.d.ts"
 * @import { Project } from "./project.js"
 */

/** @param {Kind} kind */
const queueOf = (kind) => `${kind}_generation_queue`;

/**
 * Sends a message. The same key sends it once, however often it is tried.
 *
 * @param {Project} project
 * @param {Kind} kind
 * @param {unknown} message
 * @param {string} key
 * @returns {Promise<string>} the id of the job
 */
export async function send(project, kind, message, key) {
  const args = { queue_name: queueOf(kind), message, idempotency_key: key };
  const [{ job_id }] = await project.call("enqueue_generation_job", args);
  return job_id;
}

/** @param {Project} project @param {string} job @returns {Promise<import("../views/view.d.ts").Result>} */
export async function cancel(project, job) {
  const { cancelled, status } = await project.call("cancel_generation_job", { job_id: job });
  if (cancelled) return { said: "Cancelled.", again: job };
  if (status === "cancelled") return { said: "It was cancelled before.", again: job };
  return {
    said: status ? `Not cancelled: it has ${status}.` : "Not cancelled: there is no such job.",
  };
}

/**
 * Runs failed jobs again.
 *
 * @param {Project} project
 * @param {{ job_ids?: string[], error_code?: string, forget_operation?: boolean }} which
 * @returns {Promise<string>} the outcome in words
 */
export async function redrive(project, which) {
  const ids = await project.call("redrive_generation_jobs", which);
  const left = await project.call("generation_jobs_left_out", {
    job_ids: which.job_ids,
    error_code: which.error_code,
  });
  const why = left.length > 0 ? ` ${left.length} left out: ${left[0].reason}.` : "";
  if (ids.length === 0) return `Nothing was redriven.${why}`;
  return `${ids.length === 1 ? "1 job is" : `${ids.length} jobs are`} on the queue again.${why}`;
}

/** @param {Project} project @param {string} job @returns {Promise<string>} */
export async function choose(project, job) {
  await project.call("choose_generation_result", { job_id: job });
  return "This is the current version now.";
}

/** Starts a worker for each queue. @param {Project} project @returns {Promise<string>} */
export async function runWorkers(project) {
  await Promise.all([project.run("image"), project.run("video")]);
  return "The workers run.";
}

/** Ends the rest of a model. @param {Project} project @param {string} model @returns {Promise<string>} */
export async function tryModel(project, model) {
  await project.call("reset_generation_models", { model });
  return `Jobs try ${model} again.`;
}

/**
 * Sets the limits of a model; two empty ones remove them.
 *
 * @param {Project} project
 * @param {string} model
 * @param {{ requests_per_minute: number | null, jobs_in_flight: number | null }} limits
 * @returns {Promise<string>}
 */
export async function setLimits(project, model, limits) {
  const of = { model: `eq.${model}` };
  if (limits.requests_per_minute === null && limits.jobs_in_flight === null) {
    await project.write("DELETE", "generation_limits", of);
    return `${model} has no limits.`;
  }
  const [known] = await project.rows("generation_limits", { ...of, select: "id" });
  if (known) await project.write("PATCH", "generation_limits", of, limits);
  else await project.write("POST", "generation_limits", {}, { model, ...limits });
  return `The limits of ${model} hold from the next job on.`;
}

/**
 * Whose jobs take turns on a queue.
 *
 * @param {Project} project
 * @param {string} queue
 * @param {string} share empty: the jobs are taken in their order
 * @returns {Promise<string>}
 */
export async function setFairShare(project, queue, share) {
  const of = { queue: `eq.${queue}` };
  const [known] = await project.rows("generation_limits", { ...of, select: "id" });
  if (!share) await project.write("DELETE", "generation_limits", of);
  else if (known) await project.write("PATCH", "generation_limits", of, { fair_share: share });
  else await project.write("POST", "generation_limits", {}, { queue, fair_share: share });
  return share ? `Jobs take turns by ${share}.` : "Jobs are taken in their order.";
}
