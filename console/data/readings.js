// @ts-check
/**
 * What the views read, one function for each.
 *
 * @import { Entity, Kind, Latency, LiveJob, Made } from "../model/types.d.ts"
 * @import { Project } from "./project.js"
 */
import { queueOf } from "../model/queue.js";

/** @param {Project} project @param {string} search @returns {Promise<any[]>} */
export function storyboards(project, search) {
  return project.call("generation_storyboards", { search: search || null });
}

/** @param {Project} project @param {string} storyboard @returns {Promise<{ entities: Entity[], more: boolean }>} */
export function entities(project, storyboard) {
  return project.call("generation_storyboard", { storyboard_id: storyboard });
}

/**
 * @param {Project} project
 * @param {string | null} storyboard null: of all
 * @param {number} quantity
 * @returns {Promise<{ now: string, changed_at: string | null, jobs: LiveJob[], more: boolean }>}
 */
export function liveJobs(project, storyboard, quantity) {
  return project.call("generation_live_jobs", { storyboard_id: storyboard, quantity });
}

/** How long jobs took in the last day, by kind. @param {Project} project @returns {Promise<Record<string, Latency>>} */
export async function latencies(project) {
  const rows = await project.rows("generation_latency");
  return Object.fromEntries(rows.map((row) => [row.kind, row]));
}

/** The models of the workers, by kind. @param {Project} project @returns {Promise<any[]>} */
export function standing(project) {
  return project.rows("generation_standing");
}

/**
 * What was made for a scene or character, newest first.
 *
 * @param {Project} project
 * @param {string} storyboard
 * @param {string} slot
 * @param {string} id
 * @returns {Promise<{ versions: Made[], more: boolean }>}
 */
export function versions(project, storyboard, slot, id) {
  return project.call("generation_versions", { storyboard_id: storyboard, slot, id });
}

/** @param {Project} project @param {string} id as the address has it */
export async function job(project, id) {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return undefined;
  const [[row], now] = await Promise.all([
    project.rows("generation_jobs", { id: `eq.${id}` }),
    project.call("generation_job", { job_id: id }),
  ]);
  return row &&
    { ...row, position: now?.position, held: now?.waits_for, visible_at: now?.visible_at };
}

/** How many failed jobs are listed. */
export const MOST_FAILED = 200;

/** The jobs that failed for a reason, those that failed last first. @param {Project} project @param {string} kind @param {string} code */
export function failedJobs(project, kind, code) {
  return project.rows("generation_jobs", {
    select: "id,kind,storyboard_id,scene_id,character_id,error_message,finished_at",
    status: "eq.failed",
    queue: `eq.${queueOf(/** @type {Kind} */ (kind))}`,
    error_code: `eq.${code}`,
    // The index of the jobs that have ended has this order.
    finished_at: "not.is.null",
    order: "finished_at.desc",
    limit: `${MOST_FAILED}`,
  });
}

/** The figures of the queues: what changes by the second. @param {Project} project */
export async function queueFigures(project) {
  const [metrics, standing, limits, inUse, live] = await Promise.all([
    project.call("generation_metrics"),
    project.rows("generation_standing"),
    project.rows("generation_limits", { order: "id" }),
    project.rows("generation_limits_in_use"),
    liveJobs(project, null, 100),
  ]);
  return { metrics, standing, limits, inUse, live };
}

/** The figures of the queues: what changes by the hour. @param {Project} project */
export async function pastFigures(project) {
  const [throughput, latency, failures, costs] = await Promise.all([
    project.rows("generation_throughput", { order: "hour" }),
    project.call("generation_latency_by_hour", { hours: 48 }),
    project.rows("generation_failures", { order: "jobs.desc" }),
    project.call("generation_recent_costs", { days: 14 }),
  ]);
  return { throughput, latency, failures, costs };
}
