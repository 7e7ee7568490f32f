/** `status`: both queues, the failures, the costs of today and the schedule at a glance. */
import { EXIT } from "../failure.ts";
import type { ProjectApi } from "../project_api.ts";
import type { Surroundings } from "../surroundings.ts";
import { plain } from "../../supabase/functions/_shared/plain.ts";
import { ago, dollars, span } from "../text.ts";
import type { OperatorCommand } from "./arguments.ts";
import * as figures from "./figures.ts";

export async function status(
  { json }: OperatorCommand & { name: "status" },
  api: ProjectApi,
  { print, now }: Surroundings,
): Promise<number> {
  const moment = now();
  const [queues, limits, failures, today, schedule] = await Promise.all([
    figures.queueFigures(api),
    figures.limits(api),
    figures.failures(api),
    figures.costs(api, moment, 1),
    figures.schedules(api),
  ]);
  const cost = today.reduce((sum, { cost_usd }) => sum + Number(cost_usd ?? 0), 0);
  if (json) {
    print(JSON.stringify({ queues, limits, failures, cost_usd_today: cost, schedule }));
    return EXIT.ok;
  }

  print(api.project.url);
  for (const queue of queues) for (const line of queueLines(queue)) print(line);
  for (const limit of limits) print(limitLine(limit));
  for (const failure of failures.slice(0, 5)) print(failureLine(failure, moment));
  if (failures.length > 5) print(`  and ${failures.length - 5} more reasons: metrics shows all`);
  print(`cost      ${dollars(cost)} today (UTC)`);
  for (const line of schedule) print(scheduleLine(line, moment));
  return EXIT.ok;
}

function queueLines(queue: figures.QueueFigures): string[] {
  const since = queue.oldest_visible_seconds;
  const waits = since === null ? "" : ` (the first for ${span(since)})`;
  return [
    `${figures.nameOf(queue.queue).padEnd(9)} ${queue.visible} waiting${waits}, ` +
    `${queue.in_flight} in hand, ${queue.delayed} put back or delayed` +
    (queue.waiting > 0 ? `, ${queue.waiting} being made by the provider` : ""),
    `          ${queue.succeeded} succeeded, ${queue.failed} failed, ${queue.cancelled} cancelled`,
  ];
}

/** Why jobs may wait although workers are there. */
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
  return `failed    ${jobs} ${kind}${jobs === 1 ? "" : "s"}: ${error_code}, the last ${
    ago(last_at, now)
  }`;
}

function scheduleLine(line: figures.Schedule, now: number): string {
  const name = `schedule  ${figures.nameOf(line.queue)}: `;
  const [gap] = line.missing;
  if (!line.installed) {
    return `${name}not installed${gap ? `, ${gap.missing} is missing: ${gap.remedy}` : ""}`;
  }
  if (gap) return `${name}${gap.missing} is missing: ${gap.remedy}`;
  if (line.most_workers === 0) return `${name}stopped: nobody is called while most_workers is 0`;
  const [call] = line.last_calls;
  const [run] = line.last_runs;
  const answer = call?.status_code ?? (call?.error ? plain(call.error) : "no answer yet");
  return `${name}${line.schedule}` +
    (run?.status === "failed" ? `, its last run failed: ${plain(run.message ?? "")}` : "") +
    (call ? `, last call ${ago(call.called_at, now)}: ${answer}` : ", nothing to call for yet");
}
