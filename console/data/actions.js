// @ts-check
/**
 * What an operator can have done.
 *
 * @import { Kind } from "../model/types.d.ts"
 * @import { Project } from "./project.js"
 */
import { queueOf } from "../model/queue.js";

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

/** @param {Project} project @param {string} job @returns {Promise<string>} */
export async function choose(project, job) {
  await project.call("choose_generation_result", { job_id: job });
  return "This is the current version now.";
}

/** Starts a worker for each queue. @param {Project} project @returns {Promise<string>} */
export async function runWorkers(project) {
  await Promise.all([project.run("image"), project.run("video")]);
  return "Both workers were started.";
}

/** Ends the rest of a model. @param {Project} project @param {string} model @returns {Promise<string>} */
export async function tryModel(project, model) {
  await project.call("reset_generation_models", { model });
  return `${model} takes jobs again.`;
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
  return `The limits of ${model} apply from the next job on.`;
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
  return share
    ? `Jobs take turns by ${share}.`
    : "Jobs are taken in the order in which they were sent.";
}
