/** `metrics`: the figures of the project, for people, programs and Prometheus. */
import { EXIT } from "../failure.ts";
import type { ProjectApi } from "../project_api.ts";
import type { Surroundings } from "../surroundings.ts";
import { ago, dollars, rowsOf, span } from "../text.ts";
import type { OperatorCommand } from "./arguments.ts";
import * as figures from "./figures.ts";
import { exposition } from "./prometheus.ts";

/** Days whose costs are shown. */
const DAYS = 30;

/** Hours whose throughput is shown to people; programs get the whole week. */
const HOURS = 24;

export async function metrics(
  { json, prometheus }: OperatorCommand & { name: "metrics" },
  api: ProjectApi,
  { print, now }: Surroundings,
): Promise<number> {
  const moment = now();
  const [queues, latency, failures] = await Promise.all([
    figures.queueFigures(api),
    api.rows<figures.Latency>("generation_latency", { order: "kind" }),
    figures.failures(api),
  ]);
  if (prometheus) {
    print(exposition(queues, latency, failures));
    return EXIT.ok;
  }
  const [throughput, costs] = await Promise.all([
    api.rows<figures.Throughput>("generation_throughput", { order: "hour.desc,kind" }),
    figures.costs(api, moment, DAYS),
  ]);
  if (json) {
    print(JSON.stringify({ queues, latency, failures, throughput, costs }));
    return EXIT.ok;
  }

  const section = (title: string, names: string[], rows: unknown[][]) => {
    print(`\n${title}`);
    print(rows.length > 0 ? rowsOf(names, rows) : "  none");
  };
  section(
    "Queues",
    [
      "queue",
      "waiting",
      "in hand",
      "put back",
      "oldest",
      "succeeded",
      "failed",
      "cancelled",
      "cost",
    ],
    queues.map((queue) => [
      figures.nameOf(queue.queue),
      queue.visible,
      queue.in_flight,
      queue.delayed,
      queue.oldest_visible_seconds === null ? "" : span(queue.oldest_visible_seconds),
      queue.succeeded,
      queue.failed,
      queue.cancelled,
      dollars(queue.cost_usd),
    ]),
  );
  section(
    "Latency of the last 24 hours",
    ["kind", "jobs", "waited p50", "p95", "took p50", "p95", "total p50", "p95", "p99"],
    latency.map(({ kind, jobs, ...seconds }) => [
      kind,
      jobs,
      ...[
        seconds.waited_p50_seconds,
        seconds.waited_p95_seconds,
        seconds.took_p50_seconds,
        seconds.took_p95_seconds,
        seconds.total_p50_seconds,
        seconds.total_p95_seconds,
        seconds.total_p99_seconds,
      ].map(span),
    ]),
  );
  section(
    "Failed jobs",
    ["kind", "reason", "jobs", "last", "message"],
    failures.map((failure) => [
      failure.kind,
      failure.error_code,
      failure.jobs,
      ago(failure.last_at, moment),
      failure.last_message,
    ]),
  );
  const since = moment - HOURS * 3_600_000;
  section(
    `Ended in the last ${HOURS} hours`,
    ["hour (UTC)", "kind", "succeeded", "failed", "cancelled"],
    throughput.filter(({ hour }) => Date.parse(hour) > since).map((row) => [
      new Date(row.hour).toISOString().slice(0, 16).replace("T", " "),
      row.kind,
      row.succeeded,
      row.failed,
      row.cancelled,
    ]),
  );
  section(`Cost of the last ${DAYS} days`, ["day (UTC)", "kind", "jobs", "cost"], byDay(costs));
  return EXIT.ok;
}

function byDay(costs: figures.Cost[]): unknown[][] {
  const sums = new Map<string, { jobs: number; usd: number }>();
  for (const { day, kind, jobs, cost_usd } of costs) {
    const sum = sums.get(`${day} ${kind}`) ?? { jobs: 0, usd: 0 };
    sums.set(`${day} ${kind}`, { jobs: sum.jobs + jobs, usd: sum.usd + Number(cost_usd ?? 0) });
  }
  return [...sums].map(([key, { jobs, usd }]) => [...key.split(" "), jobs, dollars(usd)]);
}
