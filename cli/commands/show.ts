import { plain } from "../../supabase/functions/_shared/plain.ts";
import type { Api } from "../api.ts";
import { command } from "../command.ts";
import { EXIT, RemoteError, UsageError } from "../failure.ts";
import { yesOrNo } from "../flag.ts";
import { jobIds, type Session } from "../session.ts";
import { ago, dollars } from "../text.ts";

/** A job as `generation_job` answers it, with its message and its webhooks. */
interface JobDetails {
  [name: string]: unknown;
  history: { at: string; event: string }[];
  entities: { key: string; outcome: string }[] | null;
  error: { code: string; message: string } | null;
  webhooks: {
    id: string;
    url: string;
    status: string;
    attempts: number;
    response_status: number | null;
    error: string | null;
  }[];
}

/** Printed first; the rest follows in the order of the answer. */
const FIRST = ["id", "kind", "status", "attempts", "storyboard_id", "scene_id", "character_id"];

const TIMES = ["enqueued_at", "started_at", "submitted_at", "finished_at", "visible_at"];

/** Printed at the end, in lines of their own. */
const LATER = ["history", "entities", "error", "webhooks", "cost_usd", "updated_at", ...TIMES];

export const show = command({
  name: "show",
  summary: "shows a job: its state, its result and its history",
  args: {
    usage: "JOB_ID",
    read: (words) => {
      const [id, ...more] = jobIds.read(words);
      if (id && more.length === 0) return id;
      throw new UsageError("expected one argument, the id of a job.");
    },
  },
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

async function details(id: string, api: Api): Promise<JobDetails> {
  const [job, [row], webhooks] = await Promise.all([
    api.call("generation_job", { job_id: id }) as Promise<JobDetails | null>,
    api.rows("generation_jobs", { id: `eq.${id}`, select: "message" }),
    api.rows<JobDetails["webhooks"][number]>("generation_webhooks", {
      job_id: `eq.${id}`,
      select: "id,url,status,attempts,response_status,error",
      order: "ended_at",
    }),
  ]);
  if (!job) throw new RemoteError(`There is no job ${id}.`);
  return { ...job, message: row?.message, webhooks };
}

function linesOf(job: JobDetails, now: number): string[] {
  const rest = Object.keys(job).filter((name) => !FIRST.includes(name) && !LATER.includes(name));
  const lines: [name: string, value: unknown][] = [
    ...[...FIRST, ...rest].map((name): [string, unknown] => [name, job[name]]),
    ["error", job.error && `${job.error.code}: ${job.error.message}`],
    ["cost", job.cost_usd === null ? null : dollars(job.cost_usd as number)],
    ...(job.entities ?? []).map(({ key, outcome }): [string, unknown] => [
      "entity",
      `${key} ${outcome}`,
    ]),
    ...TIMES.map((name): [string, unknown] => {
      const time = job[name] as string | null;
      return [name, time && `${time} (${ago(time, now)})`];
    }),
    ...job.webhooks.map((hook): [string, unknown] => {
      const { id, url, status, attempts, response_status, error } = hook;
      const answer = error ?? (response_status ? `answered ${response_status}` : "");
      return ["webhook", `${id} ${status} (attempts: ${attempts}) ${url} ${answer}`];
    }),
    ...job.history.map(({ at, event, ...more }): [string, unknown] => [
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
