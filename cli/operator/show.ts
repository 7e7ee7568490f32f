/** `show`: how one job stands, what came of it, and its history. */
import { EXIT, RemoteError } from "../failure.ts";
import type { ProjectApi } from "../project_api.ts";
import type { Surroundings } from "../surroundings.ts";
import { plain } from "../../supabase/functions/_shared/plain.ts";
import { ago, dollars } from "../text.ts";
import type { OperatorCommand } from "./arguments.ts";

/** A job as `generation_job` tells of it, with its message and its webhooks. */
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

/** What is asked for first comes first; the rest follows in the order in which it is told. */
const FIRST = ["id", "kind", "status", "attempts", "storyboard_id", "scene_id", "character_id"];

const TIMES = ["enqueued_at", "started_at", "submitted_at", "finished_at", "visible_at"];

/** Told in lines of their own, below. */
const LATER = ["history", "entities", "error", "webhooks", "cost_usd", "updated_at", ...TIMES];

export async function show(
  { jobId, json }: OperatorCommand & { name: "show" },
  api: ProjectApi,
  { print, now }: Surroundings,
): Promise<number> {
  const job = await details(jobId, api);
  if (json) {
    print(JSON.stringify(job));
    return EXIT.ok;
  }

  const line = (name: string, value: unknown) => {
    if (value === null || value === undefined || value === "") return;
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    print(`${name.padEnd(16)} ${plain(text)}`);
  };
  for (const name of FIRST) line(name, job[name]);
  for (const [name, value] of Object.entries(job)) {
    if (!FIRST.includes(name) && !LATER.includes(name)) line(name, value);
  }
  if (job.error) line("error", `${job.error.code}: ${job.error.message}`);
  if (job.cost_usd !== null) line("cost", dollars(job.cost_usd as number));
  for (const { key, outcome } of job.entities ?? []) line("entity", `${key} ${outcome}`);
  for (const name of TIMES) {
    const time = job[name] as string | null;
    if (time) line(name, `${time} (${ago(time, now())})`);
  }
  for (const { id, url, status, attempts, response_status, error } of job.webhooks) {
    const answer = error ?? (response_status ? `answered ${response_status}` : "");
    line("webhook", `${id} ${status} (attempts: ${attempts}) ${url} ${answer}`);
  }
  for (const { at, event, ...details } of job.history) {
    line("history", `${at} ${event} ${JSON.stringify(details)}`);
  }
  return EXIT.ok;
}

async function details(jobId: string, api: ProjectApi): Promise<JobDetails> {
  const [job, [row], webhooks] = await Promise.all([
    api.call("generation_job", { job_id: jobId }) as Promise<JobDetails | null>,
    api.rows<{ message: unknown }>("generation_jobs", { id: `eq.${jobId}`, select: "message" }),
    api.rows<JobDetails["webhooks"][number]>("generation_webhooks", {
      job_id: `eq.${jobId}`,
      select: "id,url,status,attempts,response_status,error",
      order: "ended_at",
    }),
  ]);
  if (!job) throw new RemoteError(`There is no job ${jobId}.`);
  return { ...job, message: row?.message, webhooks };
}
