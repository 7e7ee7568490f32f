import { type Api, objects, quoted, type Row } from "../api.ts";
import { command, nothing } from "../command.ts";
import { EXIT } from "../failure.ts";
import {
  costs,
  type Failures,
  failures,
  nameOf,
  type QueueFigures,
  queueFigures,
  type Standing,
  standing,
  troubleOf,
} from "../figures.ts";
import { yesOrNo } from "../flag.ts";
import type { Session } from "../session.ts";
import { ago, dollars, span } from "../text.ts";

export const status = command({
  name: "status",
  summary: "shows the queues, models, failures, costs and the schedule at a glance",
  args: nothing,
  flags: { json: yesOrNo("print one JSON document") },
  examples: ["status"],
  run: async (_, { json }, session: Session) => {
    const { stdout, now } = session.io;
    const api = session.api();
    const moment = now();
    const [queues, models, limits, failed, today, schedule] = await Promise.all([
      queueFigures(api),
      standing(api),
      api.rows("generation_limits_in_use", { order: "model" }),
      failures(api),
      costs(api, 1),
      schedules(api),
    ]);
    const cost = today.reduce((sum, { cost_usd }) => sum + Number(cost_usd), 0);
    if (json) {
      const figures = { queues, models, limits, failures: failed, cost_usd_today: cost, schedule };
      stdout(JSON.stringify(figures));
      return EXIT.ok;
    }
    const more = failed.length - 5;
    const lines = [
      api.url,
      ...queues.flatMap(queueLines),
      ...models.flatMap((stands) => modelLines(stands, moment)),
      ...limits.map(limitLine),
      ...failed.slice(0, 5).map((failure) => failureLine(failure, moment)),
      ...(more > 0 ? [`  and ${more} more reasons: metrics shows all`] : []),
      `cost      ${dollars(cost)} today (UTC)`,
      ...schedule.map((line) => `schedule  ${nameOf(line.queue)}: ${scheduleLine(line, moment)}`),
    ];
    for (const line of lines) stdout(line);
    return EXIT.ok;
  },
});

/** The rows of `generation_schedule()`, with the most workers that are called at the same time. */
async function schedules(api: Api): Promise<Row[]> {
  const [lines, settings] = await Promise.all([
    api.callRows("generation_schedule"),
    api.rows("generation_worker_settings", { select: "queue,most_workers" }),
  ]);
  const most = new Map(settings.map(({ queue, most_workers }) => [queue, most_workers]));
  return lines.map((line) => ({ ...line, most_workers: most.get(line.queue) }));
}

function queueLines(queue: QueueFigures): string[] {
  const since = queue.oldest_visible_seconds;
  const waits = since === null ? "" : ` (the first for ${span(since)})`;
  return [
    `${nameOf(queue.queue).padEnd(9)} ${queue.visible} visible${waits}, ` +
    `${queue.in_flight} in flight, ${queue.delayed} delayed` +
    (queue.waiting > 0 ? `, ${queue.waiting} at the provider` : ""),
    `          ${queue.succeeded} succeeded, ${queue.failed} failed, ${queue.cancelled} cancelled`,
  ];
}

/** How a model stands, and what to do when it is in trouble. */
function modelLines(stands: Standing, now: number): string[] {
  const name = `model     ${quoted(stands.model)}: `;
  if (stands.state === "ok") return [`${name}ok`];
  return [name + troubleOf(stands, now), `          ${quoted(stands.remedy)}`];
}

/** A limit and its use: why jobs may wait although there are workers. */
function limitLine(limit: Row): string {
  const uses = [
    [limit.begun_last_minute, limit.requests_per_minute, "begun in a minute"],
    [limit.in_flight_now, limit.jobs_in_flight, "in flight"],
  ].filter(([, most]) => most !== null);
  const isFull = uses.some(([used, most]) => Number(used) >= Number(most));
  return `limit     ${quoted(limit.model)}: ` +
    uses.map(([used, most, what]) => `${used} of ${most} ${what}`).join(", ") +
    (isFull ? ": its jobs have to wait" : "");
}

function failureLine({ kind, error_code, jobs, last_at }: Failures, now: number): string {
  const count = `${jobs} ${kind}${jobs === 1 ? "" : "s"}`;
  return `failed    ${count}: ${quoted(error_code)}, the last ${ago(last_at, now)}`;
}

function scheduleLine(line: Row, now: number): string {
  const [gap] = objects(line.missing);
  const lack = gap && `${quoted(gap.missing)} is missing: ${quoted(gap.remedy)}`;
  if (line.installed !== true) return `not installed${lack ? `, ${lack}` : ""}`;
  if (lack) return lack;
  if (line.most_workers === 0) return "stopped: no worker is called while most_workers is 0";
  const [call] = objects(line.last_calls);
  const [run] = objects(line.last_runs);
  const failure = run?.status === "failed" ? `, its last run failed: ${quoted(run.message)}` : "";
  if (!call) return `${line.schedule}${failure}, no call needed yet`;
  const answer = call.status_code ?? (quoted(call.error) || "no answer yet");
  return `${line.schedule}${failure}, last call ${ago(String(call.called_at), now)}: ${answer}`;
}
