import { adviceOf } from "../../console/model/remedy.js";
import type { Held } from "../../console/model/types.d.ts";
import { plain } from "../../supabase/functions/_shared/plain.ts";
import { type Api, objects, type Row } from "../api.ts";
import { command } from "../command.ts";
import { EXIT, RemoteError } from "../failure.ts";
import { yesOrNo } from "../flag.ts";
import { waitingFor } from "../jobs.ts";
import { jobId, type Session } from "../session.ts";
import { ago, dollars } from "../text.ts";

/** Printed first; the rest follows in the order of the answer. */
const FIRST = ["id", "kind", "status", "attempts", "storyboard_id", "scene_id", "character_id"];

const TIMES = [
  ...["enqueued_at", "started_at", "submitted_at", "finished_at", "chosen_at", "visible_at"],
];

/** Printed at the end, in lines of their own. */
const LATER = [
  "waits_for",
  "history",
  "entities",
  "error",
  "webhooks",
  "cost_usd",
  "updated_at",
  ...TIMES,
];

export const show = command({
  name: "show",
  summary: "shows a job: its state, its result and its history",
  args: jobId,
  flags: { json: yesOrNo("print one JSON document") },
  examples: ["show JOB_ID"],
  run: async (id, { json }, session: Session) => {
    const { stdout, now } = session.io;
    const job = await details(id, session.api());
    if (json) stdout(JSON.stringify(job));
    else for (const line of linesOf(job, now())) stdout(line);
    return EXIT.ok;
  },
});

/** The job as `generation_job` answers it, with its message and its webhooks. */
async function details(id: string, api: Api): Promise<Row> {
  const [job, [row], webhooks] = await Promise.all([
    api.callObject("generation_job", { job_id: id }),
    api.rows("generation_jobs", { id: `eq.${id}`, select: "message" }),
    api.rows("generation_webhooks", {
      job_id: `eq.${id}`,
      select: "id,url,status,attempts,response_status,error",
      order: "ended_at",
    }),
  ]);
  if (!job) throw new RemoteError(`There is no job ${id}.`);
  return { ...job, message: row?.message, webhooks };
}

/** A job of a model without a known price has a result and no cost. */
function costOf({ cost_usd, status, model }: Row): string | null {
  if (cost_usd != null) return dollars(cost_usd as number);
  return status === "succeeded" && model ? `unknown: no price is known for ${model}` : null;
}

function linesOf(job: Row, now: number): string[] {
  const rest = Object.keys(job).filter((name) => !FIRST.includes(name) && !LATER.includes(name));
  const [error] = objects([job.error]);
  const [awaited] = objects([job.waits_for]);
  const lines: [name: string, value: unknown][] = [
    ...[...FIRST, ...rest].map((name): [string, unknown] => [name, job[name]]),
    ["waits_for", awaited && waitingFor(awaited as Row & Held, now)],
    ["error", error && `${error.code}: ${error.message}`],
    ["remedy", error && adviceOf(String(error.code))],
    ["cost", costOf(job)],
    ...objects(job.entities).map(({ key, outcome }): [string, unknown] => [
      "entity",
      `${key} ${outcome}`,
    ]),
    ...TIMES.map((name): [string, unknown] => {
      const time = job[name] as string | null;
      return [name, time && `${time} (${ago(time, now)})`];
    }),
    ...objects(job.webhooks).map((hook): [string, unknown] => {
      const { id, url, status, attempts, response_status, error } = hook;
      const answer = error ?? (response_status ? `answered ${response_status}` : "");
      return ["webhook", `${id} ${status} (attempts: ${attempts}) ${url} ${answer}`];
    }),
    ...objects(job.history).map(({ at, event, ...more }): [string, unknown] => [
      "history",
      `${at} ${event} ${JSON.stringify(more)}`,
    ]),
  ];
  return lines.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => {
      const text = typeof value === "object" ? JSON.stringify(value) : String(value);
      return `${name.padEnd(16)} ${plain(text)}`;
    });
}
