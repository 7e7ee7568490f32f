import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { plain } from "../../supabase/functions/_shared/plain.ts";
import { ENV_LOCAL } from "../env_file.ts";
import { type Job, placeOf } from "../../cli/jobs.ts";
import { secondsOf } from "../../cli/terminal/progress.ts";
import type { Stack } from "../stack/mod.ts";
import type { Style } from "../../cli/terminal/style.ts";
import { displayWidth } from "../../cli/terminal/table.ts";
import { denoCommand } from "./deno_command.ts";

/** The results of the jobs, with the addresses of the images and videos. */
export function results(jobs: Job[], style: Style): string {
  const names = jobs.map((job) => `${job.kind} ${placeOf(job)}`);
  const width = Math.max(...names.map(displayWidth));
  return jobs.map((job, index) => {
    const name = names[index] + " ".repeat(width - displayWidth(names[index]));
    const seconds = secondsOf(job, Date.now())?.toFixed(1);
    const time = (seconds === undefined ? "" : `${seconds}s`).padStart(7);
    const error = [job.error_code, job.error_message].filter(Boolean).join(": ");
    const outcome = job.asset_url ? style.link(plain(job.asset_url)) : style.red(plain(error));
    return `  ${name}  ${job.status.padEnd(9)} ${time}  ${outcome}`;
  }).join("\n");
}

/** The last line of `--once`. What was cancelled did not succeed. */
export function tally(jobs: Job[]): string {
  const succeeded = jobs.filter(({ status }) => status === "succeeded").length;
  return `jobs: ${jobs.length} succeeded: ${succeeded} failed: ${jobs.length - succeeded}`;
}

/** Where `start` keeps its files; absolute paths. */
export interface Places {
  data: string;
  envFile: string;
}

/** A path relative to the working directory, if it is below it. */
export function displayPath(path: string): string {
  const from = relative(Deno.cwd(), path);
  return from.startsWith("..") ? path : from;
}

/** The addresses of the stack, and commands to try. */
export function guide(
  stack: Pick<Stack, "url" | "secretKey" | "publishableKey" | "databaseUrl">,
  provider: string,
  places: Places,
  style: Style,
  deno = denoCommand(Deno.env.get("PATH") ?? ""),
): string {
  const address = (name: string, value: string) => `  ${name.padEnd(16)} ${value}`;
  const command = (text: string, meaning: string) => `  ${text}\n      ${style.dim(meaning)}`;
  const env = displayPath(places.envFile);
  const data = displayPath(places.data);
  const exported = `set -a; . ${env.startsWith("/") ? env : `./${env}`}; set +a`;
  const run = `${deno} run --env-file=${env} --allow-net --allow-env queue-trigger.ts`;
  // Otherwise the task reads `.env.local` of the project, which belongs to another stack or none.
  const elsewhere = resolve(places.envFile) === fileURLToPath(ENV_LOCAL)
    ? ""
    : ` --env-file "${env}"`;
  const sql = `${deno} task sql${elsewhere}`;
  return [
    style.bold("Running"),
    address("console", `${stack.url}/`),
    address("API", stack.url),
    address("secret key", stack.secretKey),
    address("publishable key", stack.publishableKey),
    address("SQL", stack.databaseUrl),
    address("models", provider),
    address("functions' logs", `${data}/logs/`),
    address(`in ${env}`, "the address, the keys and the SQL address"),
    "",
    style.bold("Try"),
    command(`${run} image "A hero on a cliff" --wait`, "a job of your own, with progress"),
    command(`${run} --help`, "scenes, edits, videos, batches; status, watch and more"),
    command(`${sql} enqueue-test-images.sql`, "three more scenes, from plain SQL"),
    command(`${run} status`, "the state of the queues"),
    command(`${run} doctor`, "whether all of it is there and fits together"),
    command(`${sql} -c "select * from generation_latency"`, "and of the jobs: how long they took"),
    command(
      `echo "apikey: $SUPABASE_SECRET_KEY" | curl -H @- "${stack.url}/rest/v1/generation_jobs?limit=3"`,
      `the ledger over HTTP, after: ${exported}`,
    ),
    command("psql", `the same database with PostgreSQL's own client, after: ${exported}`),
    "",
    "The stack calls the functions itself as soon as something is on a queue, so that",
    "./process-queue.sh mostly finds nothing left to do.",
    `Ctrl-C stops it. The data stays in ${data}/ (--fresh begins anew).`,
  ].join("\n");
}
