import type { Stack } from "../stack/mod.ts";
import type { Style } from "../terminal/style.ts";
import { displayWidth } from "../terminal/table.ts";
import type { Job } from "./ledger.ts";

/** What came of the jobs, with the addresses of the images and videos. */
export function results(jobs: Job[], style: Style): string {
  const several = new Set(jobs.map(({ storyboardId }) => storyboardId)).size > 1;
  const names = jobs.map(({ kind, storyboardId, target }) =>
    several ? `${kind} ${storyboardId ?? "-"}/${target}` : `${kind} ${target}`
  );
  const width = Math.max(...names.map(displayWidth));
  return jobs.map((job, index) => {
    const name = names[index] + " ".repeat(width - displayWidth(names[index]));
    const seconds = job.seconds === null ? "" : `${job.seconds.toFixed(1)}s`;
    const outcome = job.url ? style.link(job.url) : style.red(job.error ?? "");
    return `  ${name}  ${job.status.padEnd(9)} ${seconds.padStart(7)}  ${outcome}`;
  }).join("\n");
}

/** The last line of `--once`. What was cancelled did not succeed. */
export function tally(jobs: Job[]): string {
  const succeeded = jobs.filter(({ status }) => status === "succeeded").length;
  return `jobs: ${jobs.length} succeeded: ${succeeded} failed: ${jobs.length - succeeded}`;
}

/** Where everything is, and what to try next. */
export function guide(stack: Stack, provider: string, style: Style): string {
  const port = new URL(stack.url).port;
  const address = (name: string, value: string) => `  ${name.padEnd(16)} ${value}`;
  const command = (text: string, meaning: string) => `  ${text}\n      ${style.dim(meaning)}`;
  const run = "deno run --env-file=.env.local --allow-net --allow-env queue-trigger.ts";
  return [
    style.bold("Running"),
    address("API", stack.url),
    address("secret key", stack.secretKey),
    address("publishable key", stack.publishableKey),
    address("SQL", stack.databaseUrl),
    address("models", provider),
    address("functions' logs", ".local/logs/"),
    address("in .env.local", "the address, the keys and the SQL address"),
    "",
    style.bold("Try"),
    command(`${run} image "A hero on a cliff" --wait`, "a job of your own, with progress"),
    command(`${run} --help`, "scenes, edits, videos, batches"),
    command("deno task sql enqueue-test-images.sql", "three more scenes, from plain SQL"),
    command(`deno task sql -c "select * from generation_metrics()"`, "the state of the queues"),
    command(
      `curl -H "apikey: $SUPABASE_SECRET_KEY" ${stack.url}/rest/v1/generation_jobs?limit=3`,
      "the ledger over HTTP, after: set -a; . ./.env.local; set +a",
    ),
    command(
      `psql "${stack.databaseUrl}"`,
      `the same database with PostgreSQL's own client (port ${Number(port) + 1})`,
    ),
    "",
    "Ctrl-C stops it. The data stays in .local/ (--fresh begins anew).",
  ].join("\n");
}
