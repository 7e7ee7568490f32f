import type { Row } from "../api.ts";
import { command, nothing } from "../command.ts";
import { EXIT, UsageError } from "../failure.ts";
import { costs, failures, nameOf, queueFigures, standing } from "../figures.ts";
import { yesOrNo } from "../flag.ts";
import { exposition } from "../prometheus.ts";
import type { Session } from "../session.ts";
import { ago, dollars, rowsOf, span } from "../text.ts";

/** Days whose costs are shown. */
const DAYS = 30;

/** Hours whose throughput is shown; --json prints the whole week. */
const HOURS = 24;

export const metrics = command({
  name: "metrics",
  summary: "shows how the models stand, latency, throughput, failures and costs",
  args: nothing,
  flags: {
    prometheus: yesOrNo("print the text format that Prometheus scrapes"),
    json: yesOrNo("print one JSON document"),
  },
  examples: ["metrics"],
  check: (_, { json, prometheus }) => {
    if (json && prometheus) throw new UsageError("expected --json or --prometheus, not both.");
  },
  run: async (_, { json, prometheus }, session: Session) => {
    const { stdout, now } = session.io;
    const api = session.api();
    const [queues, models, latency, failed] = await Promise.all([
      queueFigures(api),
      standing(api),
      api.rows("generation_latency", { order: "kind" }),
      failures(api),
    ]);
    if (prometheus) {
      stdout(exposition({ queues, models, latency, failures: failed }));
      return EXIT.ok;
    }
    const [throughput, cost] = await Promise.all([
      api.rows("generation_throughput", { order: "hour.desc,kind" }),
      costs(api, DAYS),
    ]);
    if (json) {
      const figures = { queues, models, latency, failures: failed, throughput, costs: cost };
      stdout(JSON.stringify(figures));
      return EXIT.ok;
    }
    const since = now() - HOURS * 3_600_000;
    const recent = throughput.filter(({ hour }) => Date.parse(String(hour)) > since);
    const sections = [
      section("Queues", QUEUES, queues),
      section("Models", MODELS(now()), models),
      section("Latency of the last 24 hours", LATENCY, latency),
      section("Failed jobs", FAILURES(now()), failed),
      section(`Ended in the last ${HOURS} hours`, THROUGHPUT, recent),
      section(`Cost of the last ${DAYS} days`, COSTS, cost),
    ];
    stdout(sections.join("\n\n"));
    return EXIT.ok;
  },
});

/** The heading of a column, the member of a row that it shows, and its format. */
type Column = [heading: string, member: string, show?: (value: unknown) => unknown];

const seconds = (value: unknown) => value === null ? "" : span(Number(value));
const money = (value: unknown) => dollars(value as number | null);
const minute = (value: unknown) =>
  new Date(String(value)).toISOString().slice(0, 16).replace("T", " ");

const ENDED = ["succeeded", "failed", "cancelled"].map((name): Column => [name, name]);
const QUEUES: Column[] = [
  ["queue", "queue", nameOf],
  ["visible", "visible"],
  ["in flight", "in_flight"],
  ["delayed", "delayed"],
  ["oldest", "oldest_visible_seconds", seconds],
  ...ENDED,
  ["cost", "cost_usd", money],
];
const MODELS = (now: number): Column[] => [
  ["model", "model"],
  ["kind", "kind"],
  ["state", "state"],
  ["since", "since", (value) => ago(value as string | null, now)],
  ["rests until", "rests_until", (value) => ago(value as string | null, now)],
  ["jobs waiting", "waiting_jobs"],
  ["why", "code"],
];
const LATENCY: Column[] = [
  ["kind", "kind"],
  ["jobs", "jobs"],
  ["waited p50", "waited_p50_seconds", seconds],
  ["p95", "waited_p95_seconds", seconds],
  ["took p50", "took_p50_seconds", seconds],
  ["p95", "took_p95_seconds", seconds],
  ["total p50", "total_p50_seconds", seconds],
  ["p95", "total_p95_seconds", seconds],
  ["p99", "total_p99_seconds", seconds],
];
const FAILURES = (now: number): Column[] => [
  ["kind", "kind"],
  ["reason", "error_code"],
  ["jobs", "jobs"],
  ["last", "last_at", (value) => ago(String(value), now)],
  ["message", "last_message"],
];
const THROUGHPUT: Column[] = [["hour (UTC)", "hour", minute], ["kind", "kind"], ...ENDED];
const COSTS: Column[] = [
  ["day (UTC)", "day"],
  ["kind", "kind"],
  ["jobs", "jobs"],
  ["cost", "cost_usd", money],
];

function section(title: string, columns: Column[], rows: Row[]): string {
  if (rows.length === 0) return `${title}\n  none`;
  const cells = rows.map((row) =>
    columns.map(([, member, show = (value) => value]) => show(row[member]))
  );
  return `${title}\n${rowsOf(columns.map(([heading]) => heading), cells)}`;
}
