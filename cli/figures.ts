/** The figures that several commands show. */
import type { Api, Row } from "./api.ts";

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

/** A row of `generation_failures`. */
export interface Failures extends Row {
  kind: string;
  error_code: string;
  jobs: number;
  last_at: string;
}

/** A row of `generation_costs`. */
export interface Cost extends Row {
  day: string;
  kind: string;
  jobs: number;
  cost_usd: number | null;
}

export const queueFigures = (api: Api) => api.callRows<QueueFigures>("generation_metrics");

export const failures = (api: Api) =>
  api.rows<Failures>("generation_failures", { order: "last_at.desc" });

/** The costs of the day (UTC) of this moment, and of those before it. */
export const costs = (api: Api, now: number, days: number) =>
  api.allRows<Cost>("generation_costs", {
    day: `gt.${new Date(now - days * 86_400_000).toISOString().slice(0, 10)}`,
    order: "day.desc,kind,model,storyboard_id,owner",
  });

/** `images` or `videos`, as people call a queue. */
export function nameOf(queue: unknown): string {
  return `${String(queue).split("_")[0]}s`;
}
