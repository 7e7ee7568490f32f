/**
 * Figures in the text format that Prometheus scrapes, version 0.0.4.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import type { Row } from "./api.ts";

type Sample = [labels: Record<string, unknown>, value: unknown];

/** Columns of `generation_latency` like `waited_p50_seconds`: the phase of a job, and the quantile. */
const PERCENTILE = /^(waited|took|total)_p(\d\d)_seconds$/;

/** The text; each figure is a gauge, because pruning lowers counts. */
export function exposition(
  { queues, models, latency, failures }: Record<
    "queues" | "models" | "latency" | "failures",
    Row[]
  >,
): string {
  const ofQueues = (label: string, names: string[]): Sample[] =>
    queues.flatMap((row) =>
      names.map((name): Sample => [{ queue: row.queue, [label]: name }, row[name]])
    );
  const percentiles = latency.flatMap((row) =>
    Object.entries(row).flatMap(([column, value]): Sample[] => {
      const [, phase, percent] = PERCENTILE.exec(column) ?? [];
      return phase ? [[{ kind: row.kind, phase, quantile: Number(percent) / 100 }, value]] : [];
    })
  );
  const states = ["ok", "resting", "refused", "retired"];
  return [
    metric(
      "generation_model_state",
      "How each model stands: 1 for its state, 0 for the others.",
      models.flatMap(({ model, kind, state }) =>
        states.map((name): Sample => [
          { model, kind: kind ?? "", state: name },
          name === state ? 1 : 0,
        ])
      ),
    ),
    metric(
      "generation_model_waiting_jobs",
      "Jobs that wait because the model is in trouble.",
      models.map(({ model, kind, waiting_jobs }) => [{ model, kind: kind ?? "" }, waiting_jobs]),
    ),
    metric(
      "generation_messages",
      "Messages on a queue: visible, in_flight (leased to a worker), delayed (hidden until a time to come).",
      ofQueues("state", ["visible", "in_flight", "delayed"]),
    ),
    metric(
      "generation_jobs",
      "Jobs in the ledger by status; pruning removes ended jobs.",
      ofQueues("status", ["queued", "running", "waiting", "succeeded", "failed", "cancelled"]),
    ),
    metric(
      "generation_oldest_visible_seconds",
      "How long the oldest visible message has been visible; 0 when there is none.",
      queues.map(({ queue, oldest_visible_seconds: seconds }) => [{ queue }, seconds]),
    ),
    metric(
      "generation_cost_usd",
      "Estimated cost of the jobs in the ledger, in US dollars.",
      queues.map(({ queue, cost_usd }) => [{ queue }, cost_usd]),
    ),
    metric(
      "generation_failed_jobs",
      "Jobs that have failed and were not redriven, by reason.",
      failures.map(({ kind, error_code, jobs }) => [{ kind, error_code }, jobs]),
    ),
    metric(
      "generation_latency_seconds",
      "Percentiles of the jobs that succeeded in the last 24 hours: waited, took, total.",
      percentiles,
    ),
  ].join("\n");
}

function metric(name: string, help: string, samples: Sample[]): string {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...samples.map(([labels, value]) => `${name}{${labelsOf(labels)}} ${Number(value)}`),
  ].join("\n");
}

function labelsOf(labels: Record<string, unknown>): string {
  return Object.entries(labels).map(([name, value]) =>
    `${name}="${String(value).replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n")}"`
  ).join(",");
}
