import type { Stack } from "../stack/mod.ts";
import { type Job, jobsSince } from "./ledger.ts";
import type { Progress } from "./progress.ts";
import type { Sample } from "./sample.ts";

/** How often the ledger is looked at; often enough for a spinner. Milliseconds. */
const INTERVAL = 150;

export interface WatchOptions {
  stack: Stack;
  /** Jobs that were under way then or came later are watched. */
  since: string;
  sample?: Sample;
  progress: Progress;
  signal: AbortSignal;
}

/** Shows the progress until `enough` of the jobs, or until the signal. Gives the last state. */
export async function watch(
  { stack, since, sample, progress, signal }: WatchOptions,
  enough: (jobs: Job[]) => boolean,
): Promise<Job[]> {
  for (;;) {
    const jobs = await jobsSince(stack, since);
    progress.show(jobs);
    const dropped = await sample?.advance(jobs) ?? [];
    for (const name of dropped) progress.say(`not sent: ${name}`);
    if (signal.aborted || (!sample?.outstanding && dropped.length === 0 && enough(jobs))) {
      return jobs;
    }
    await pause(signal);
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, INTERVAL);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
