import { plain } from "../../supabase/functions/_shared/plain.ts";
import { command, nothing } from "../command.ts";
import { EXIT } from "../failure.ts";
import * as figures from "../figures.ts";
import { yesOrNo } from "../flag.ts";
import type { Session } from "../session.ts";
import { ago, dollars, span } from "../text.ts";

export const status = command({
  name: "status",
  summary: "shows both queues, failures, costs and the schedule at a glance",
  args: nothing,
  flags: { json: yesOrNo("print one JSON document") },
  examples: ["status"],
  run: async (_, { json }, session: Session) => {
    const { stdout, now } = session.io;
    const api = session.api();
    const moment = now();
    const [queues, limits, failures, today, schedule] = await Promise.all([
      figures.queueFigures(api),
      api.rows<figures.Limit>("generation_limits_in_use", { order: "model" }),
      figures.failures(api),
      figures.costs(api, moment, 1),
      figures.schedules(api),
    ]);
    const cost = today.reduce((sum, { cost_usd }) => sum + Number(cost_usd ?? 0), 0);
    if (json) {
      stdout(JSON.stringify({ queues, limits, failures, cost_usd_today: cost, schedule }));
      return EXIT.ok;
    }
    const more = failures.length - 5;
    const lines = [
      api.url,
      ...queues.flatMap(queueLines),
      ...limits.map(limitLine),
      ...failures.slice(0, 5).map((failure) => failureLine(failure, moment)),
      ...(more > 0 ? [`  and ${more} more reasons: metrics shows all`] : []),
      `cost      ${dollars(cost)} today (UTC)`,
      ...schedule.map((line) => scheduleLine(line, moment)),
    ];
    for (const line of lines) stdout(line);
    return EXIT.ok;
  },
});

function queueLines(queue: figures.QueueFigures): string[] {
  const since = queue.oldest_visible_seconds;
  const waits = since === null ? "" : ` (the first for ${span(since)})`;
  return [
    `${figures.nameOf(queue.queue).padEnd(9)} ${queue.visible} waiting${waits}, ` +
    `${queue.in_flight} in flight, ${queue.delayed} deferred` +
    (queue.waiting > 0 ? `, ${queue.waiting} at the provider` : ""),
    `          ${queue.succeeded} succeeded, ${queue.failed} failed, ${queue.cancelled} cancelled`,
  ];
}

/** Why jobs may wait although there are workers. */
function limitLine(limit: figures.Limit): string {
  const uses = [
    { used: limit.begun_last_minute, most: limit.requests_per_minute, what: "begun in a minute" },
    { used: limit.in_flight_now, most: limit.jobs_in_flight, what: "in flight" },
  ].filter(({ most }) => most !== null);
  const isFull = uses.some(({ used, most }) => used >= most!);
  return `limit     ${plain(limit.model)}: ` +
    uses.map(({ used, most, what }) => `${used} of ${most} ${what}`).join(", ") +
    (isFull ? ": its jobs have to wait" : "");
}

function failureLine({ kind, error_code, jobs, last_at }: figures.Failures, now: number): string {
  const count = `${jobs} ${kind}${jobs === 1 ? "" : "s"}`;
  return `failed    ${count}: ${plain(error_code)}, the last ${ago(last_at, now)}`;
}

function scheduleLine(line: figures.Schedule, now: number): string {
  const name = `schedule  ${figures.nameOf(line.queue)}: `;
  const [gap] = line.missing;
  if (!line.installed) {
    return `${name}not installed${gap ? `, ${gap.missing} is missing: ${gap.remedy}` : ""}`;
  }
  if (gap) return `${name}${gap.missing} is missing: ${gap.remedy}`;
  if (line.most_workers === 0) return `${name}stopped: no worker is called while most_workers is 0`;
  const [call] = line.last_calls;
  const [run] = line.last_runs;
  const answer = call?.status_code ?? (call?.error ? plain(call.error) : "no answer yet");
  return `${name}${line.schedule}` +
    (run?.status === "failed" ? `, its last run failed: ${plain(run.message ?? "")}` : "") +
    (call ? `, last call ${ago(call.called_at, now)}: ${answer}` : ", no call needed yet");
}
