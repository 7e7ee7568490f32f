/** The figures that several commands show. */
import { type Api, objects, quoted, type Row } from "./api.ts";
import { ago } from "./text.ts";

/** A row of `generation_metrics()`: a queue, its messages and its jobs. */
export interface QueueFigures extends Row {
  queue: string;
  visible: number;
  in_flight: number;
  delayed: number;
  oldest_visible_seconds: number | null;
  queued: number;
  running: number;
  waiting: number;
  succeeded: number;
  failed: number;
  cancelled: number;
}

/** A row of `generation_standing`: a model of the workers, or another one that is in trouble. */
export interface Standing extends Row {
  model: string;
  kind: string | null;
  state: "ok" | "resting" | "refused" | "retired";
  since: string | null;
  rests_until: string | null;
  /** Whether a job finds out right now how it stands. */
  probed: boolean;
  code: string | null;
  reason: string | null;
  remedy: string | null;
  waiting_jobs: number;
}

/** A row of `generation_failures`. */
export interface Failures extends Row {
  kind: string;
  error_code: string;
  jobs: number;
  last_at: string;
}

/** What the jobs of a kind cost that ended on a day (UTC). */
export interface Cost extends Row {
  day: string;
  kind: string;
  jobs: number;
  cost_usd: number;
}

export const queueFigures = (api: Api) => api.callRows<QueueFigures>("generation_metrics");

export const standing = (api: Api) => api.rows<Standing>("generation_standing");

export const failures = (api: Api) =>
  api.rows<Failures>("generation_failures", { order: "last_at.desc" });

/** The costs of so many days (UTC), today's first. */
export async function costs(api: Api, days: number): Promise<Cost[]> {
  const recent = await api.callObject("generation_recent_costs", { days });
  return (objects(recent?.days) as Cost[]).reverse();
}

/** `images` or `videos`, as people call a queue. */
export function nameOf(queue: unknown): string {
  return `${String(queue).split("_")[0]}s`;
}

/** How a model in trouble stands: what it is, since when, what comes next, and why. */
export function troubleOf(stands: Standing, now: number): string {
  const { state, since, rests_until, probed, code, reason, waiting_jobs } = stands;
  const next = probed
    ? "a job tries it now"
    : Date.parse(rests_until ?? "") > now
    ? `next try ${ago(rests_until, now)}`
    : "the next job tries it";
  const jobs = waiting_jobs > 0
    ? `, ${waiting_jobs} ${waiting_jobs === 1 ? "job waits" : "jobs wait"}`
    : "";
  return `${state} since ${ago(since, now)}, ${next}${jobs}: ${quoted(code)}: ${quoted(reason)}`;
}
