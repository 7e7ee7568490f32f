/**
 * Figures in the text format that Prometheus scrapes, version 0.0.4.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import type { Failures, Latency, QueueFigures } from "./figures.ts";

type Labels = Record<string, string>;
type Sample = [labels: Labels, value: number];

/** Columns, the phase of a job that each is about, and the quantile. */
const PERCENTILES: [keyof Latency, phase: string, quantile: string][] = [
  ["waited_p50_seconds", "waited", "0.5"],
  ["waited_p95_seconds", "waited", "0.95"],
  ["took_p50_seconds", "took", "0.5"],
  ["took_p95_seconds", "took", "0.95"],
  ["total_p50_seconds", "total", "0.5"],
  ["total_p95_seconds", "total", "0.95"],
  ["total_p99_seconds", "total", "0.99"],
];

/** The text; each figure is a gauge, for pruning makes counts go down. */
export function exposition(
  queues: QueueFigures[],
  latency: Latency[],
  failures: Failures[],
): string {
  const ofQueues = (label: string, names: (keyof QueueFigures)[]): Sample[] =>
    queues.flatMap((queue) =>
      names.map((name): Sample => [{ queue: queue.queue, [label]: name }, Number(queue[name])])
    );
  return [
    metric(
      "generation_messages",
      "Messages on a queue: visible, in_flight (a worker has them), delayed (nobody has them).",
      ofQueues("state", ["visible", "in_flight", "delayed"]),
    ),
    metric(
      "generation_jobs",
      "Jobs in the ledger by status; pruning takes away what has ended.",
      ofQueues("status", ["queued", "running", "waiting", "succeeded", "failed", "cancelled"]),
    ),
    metric(
      "generation_oldest_visible_seconds",
      "How long the longest waiting message could have been taken; 0 when none waits.",
      queues.map(({ queue, oldest_visible_seconds: seconds }) => [{ queue }, seconds ?? 0]),
    ),
    metric(
      "generation_cost_usd",
      "Estimated cost of the jobs in the ledger, in US dollars.",
      queues.map(({ queue, cost_usd }) => [{ queue }, Number(cost_usd)]),
    ),
    metric(
      "generation_failed_jobs",
      "Jobs that have failed and were not sent again, by reason.",
      failures.map(({ kind, error_code, jobs }) => [{ kind, error_code }, jobs]),
    ),
    metric(
      "generation_latency_seconds",
      "Percentiles of the jobs that succeeded in the last 24 hours: waited, took, total.",
      latency.flatMap((row) =>
        PERCENTILES.map(([column, phase, quantile]): Sample => [
          { kind: row.kind, phase, quantile },
          Number(row[column]),
        ])
      ),
    ),
  ].join("\n");
}

function metric(name: string, help: string, samples: Sample[]): string {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...samples.map(([labels, value]) => `${name}{${labelsOf(labels)}} ${value}`),
  ].join("\n");
}

function labelsOf(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n")}"`)
    .join(",");
}
