/** What the project's views and figures answer. */
import type { Api } from "./api.ts";
import type { Kind } from "./jobs.ts";

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
  /** How many workers may be called at the same time; 0 while the work is stopped. */
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

export const limits = (api: Api) => api.rows<Limit>("generation_limits_in_use", { order: "model" });

export const queueFigures = (api: Api) => api.callRows<QueueFigures>("generation_metrics");

export async function schedules(api: Api): Promise<Schedule[]> {
  const [lines, settings] = await Promise.all([
    api.callRows<Schedule>("generation_schedule"),
    api.rows<{ queue: string; most_workers: number }>("generation_worker_settings", {
      select: "queue,most_workers",
    }),
  ]);
  const most = new Map(settings.map(({ queue, most_workers }) => [queue, most_workers]));
  return lines.map((line) => ({ ...line, most_workers: most.get(line.queue) }));
}

export const failures = (api: Api) =>
  api.rows<Failures>("generation_failures", { order: "last_at.desc" });

/** The costs of the day (UTC) of this moment, and of those before it. */
export const costs = (api: Api, now: number, days: number) =>
  api.allRows<Cost>("generation_costs", {
    day: `gt.${new Date(now - days * 86_400_000).toISOString().slice(0, 10)}`,
    order: "day.desc,kind,model,storyboard_id,owner",
  });

/** `images` or `videos`, as people call a queue. */
export function nameOf(queue: string): string {
  return `${queue.split("_")[0]}s`;
}
