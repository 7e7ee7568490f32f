import { command, nothing } from "../command.ts";
import { EXIT, UsageError } from "../failure.ts";
import * as figures from "../figures.ts";
import { yesOrNo } from "../flag.ts";
import { exposition } from "../prometheus.ts";
import type { Session } from "../session.ts";
import { ago, dollars, rowsOf, span } from "../text.ts";

/** Days whose costs are shown. */
const DAYS = 30;

/** Hours whose throughput is shown to people; programs get the whole week. */
const HOURS = 24;

export const metrics = command({
  name: "metrics",
  summary: "shows latency, throughput, failures and costs",
  args: nothing,
  flags: {
    prometheus: yesOrNo("in the text format that Prometheus scrapes"),
    json: yesOrNo("print one JSON document"),
  },
  examples: ["metrics"],
  check: (_, { json, prometheus }) => {
    if (json && prometheus) throw new UsageError("expected --json or --prometheus, not both.");
  },
  run: async (_, { json, prometheus }, session: Session) => {
    const { stdout, now } = session.io;
    const api = session.api();
    const moment = now();
    const [queues, latency, failures] = await Promise.all([
      figures.queueFigures(api),
      api.rows<figures.Latency>("generation_latency", { order: "kind" }),
      figures.failures(api),
    ]);
    if (prometheus) {
      stdout(exposition(queues, latency, failures));
      return EXIT.ok;
    }
    const [throughput, costs] = await Promise.all([
      api.rows<figures.Throughput>("generation_throughput", { order: "hour.desc,kind" }),
      figures.costs(api, moment, DAYS),
    ]);
    if (json) {
      stdout(JSON.stringify({ queues, latency, failures, throughput, costs }));
      return EXIT.ok;
    }
    const sections = [
      queueTable(queues),
      latencyTable(latency),
      failureTable(failures, moment),
      throughputTable(throughput, moment),
      costTable(costs),
    ];
    stdout(sections.join("\n\n"));
    return EXIT.ok;
  },
});

function section(title: string, names: string[], rows: unknown[][]): string {
  return `${title}\n${rows.length > 0 ? rowsOf(names, rows) : "  none"}`;
}

function queueTable(queues: figures.QueueFigures[]): string {
  const names = ["queue", "waiting", "in flight", "deferred", "oldest"];
  const rows = queues.map((queue) => [
    figures.nameOf(queue.queue),
    queue.visible,
    queue.in_flight,
    queue.delayed,
    queue.oldest_visible_seconds === null ? "" : span(queue.oldest_visible_seconds),
    queue.succeeded,
    queue.failed,
    queue.cancelled,
    dollars(queue.cost_usd),
  ]);
  return section("Queues", [...names, "succeeded", "failed", "cancelled", "cost"], rows);
}

function latencyTable(latency: figures.Latency[]): string {
  const names = ["kind", "jobs", "waited p50", "p95", "took p50", "p95", "total p50", "p95", "p99"];
  const rows = latency.map((row) => [
    row.kind,
    row.jobs,
    ...[
      ...[row.waited_p50_seconds, row.waited_p95_seconds],
      ...[row.took_p50_seconds, row.took_p95_seconds],
      ...[row.total_p50_seconds, row.total_p95_seconds, row.total_p99_seconds],
    ].map(span),
  ]);
  return section("Latency of the last 24 hours", names, rows);
}

function failureTable(failures: figures.Failures[], now: number): string {
  const rows = failures.map((failure) => [
    failure.kind,
    failure.error_code,
    failure.jobs,
    ago(failure.last_at, now),
    failure.last_message,
  ]);
  return section("Failed jobs", ["kind", "reason", "jobs", "last", "message"], rows);
}

function throughputTable(throughput: figures.Throughput[], now: number): string {
  const rows = throughput.filter(({ hour }) => Date.parse(hour) > now - HOURS * 3_600_000)
    .map((row) => [
      new Date(row.hour).toISOString().slice(0, 16).replace("T", " "),
      row.kind,
      row.succeeded,
      row.failed,
      row.cancelled,
    ]);
  const names = ["hour (UTC)", "kind", "succeeded", "failed", "cancelled"];
  return section(`Ended in the last ${HOURS} hours`, names, rows);
}

function costTable(costs: figures.Cost[]): string {
  const sums = new Map<string, { jobs: number; usd: number }>();
  for (const { day, kind, jobs, cost_usd } of costs) {
    const sum = sums.get(`${day} ${kind}`) ?? { jobs: 0, usd: 0 };
    sums.set(`${day} ${kind}`, { jobs: sum.jobs + jobs, usd: sum.usd + Number(cost_usd ?? 0) });
  }
  const rows = [...sums].map(([key, { jobs, usd }]) => [...key.split(" "), jobs, dollars(usd)]);
  return section(`Cost of the last ${DAYS} days`, ["day (UTC)", "kind", "jobs", "cost"], rows);
}
