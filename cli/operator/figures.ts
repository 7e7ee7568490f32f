/** What the project's views and figures answer. */
import type { ProjectApi } from "../project_api.ts";
import type { Kind } from "../validation.ts";

/** A row of `generation_metrics()`: a queue, its messages and its jobs. */
export interface QueueFigures {
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
  cost_usd: number;
}

/** A row of `generation_latency`: seconds. */
export interface Latency {
  kind: Kind;
  jobs: number;
  waited_p50_seconds: number;
  waited_p95_seconds: number;
  took_p50_seconds: number;
  took_p95_seconds: number;
  total_p50_seconds: number;
  total_p95_seconds: number;
  total_p99_seconds: number;
}

/** A row of `generation_failures`. */
export interface Failures {
  kind: Kind;
  error_code: string;
  jobs: number;
  first_at: string;
  last_at: string;
  last_message: string | null;
  last_job_id: string;
}

/** A row of `generation_throughput`. */
export interface Throughput {
  hour: string;
  kind: Kind;
  succeeded: number;
  failed: number;
  cancelled: number;
}

/** A row of `generation_costs`. */
export interface Cost {
  day: string;
  kind: Kind;
  model: string | null;
  storyboard_id: string | null;
  owner: string | null;
  jobs: number;
  cost_usd: number | null;
}

/** A row of `generation_schedule()`. */
export interface Schedule {
  queue: string;
  installed: boolean;
  /** How many workers may be called at the same time; 0 when somebody has stopped the work. */
  most_workers?: number;
  schedule: string | null;
  url: string | null;
  missing: { missing: string; remedy: string }[];
  last_runs: { started_at: string; status: string; message: string | null }[];
  last_calls: { called_at: string; status_code?: number | null; error?: string | null }[];
}

/** A row of `generation_limits_in_use`: a model's limits, null where it has none, and their use. */
export interface Limit {
  model: string;
  requests_per_minute: number | null;
  begun_last_minute: number;
  jobs_in_flight: number | null;
  in_flight_now: number;
}

export const limits = (api: ProjectApi) =>
  api.rows<Limit>("generation_limits_in_use", { order: "model" });

export const queueFigures = async (api: ProjectApi) =>
  await api.call("generation_metrics", {}) as QueueFigures[];

export async function schedules(api: ProjectApi): Promise<Schedule[]> {
  const [lines, settings] = await Promise.all([
    api.call("generation_schedule", {}) as Promise<Schedule[]>,
    api.rows<{ queue: string; most_workers: number }>("generation_worker_settings", {
      select: "queue,most_workers",
    }),
  ]);
  const most = new Map(settings.map(({ queue, most_workers }) => [queue, most_workers]));
  return lines.map((line) => ({ ...line, most_workers: most.get(line.queue) }));
}

export const failures = (api: ProjectApi) =>
  api.rows<Failures>("generation_failures", { order: "last_at.desc" });

/** The costs of the day (UTC) of this moment, and of those before it. */
export const costs = (api: ProjectApi, now: number, days: number) =>
  api.allRows<Cost>("generation_costs", {
    day: `gt.${dayOf(now - days * 86_400_000)}`,
    order: "day.desc,kind,model,storyboard_id,owner",
  });

/** The day of a moment, in UTC as the costs are. */
export function dayOf(moment: number): string {
  return new Date(moment).toISOString().slice(0, 10);
}

/** `images` or `videos`, as people call a queue. */
export function nameOf(queue: string): string {
  return `${queue.split("_")[0]}s`;
}
