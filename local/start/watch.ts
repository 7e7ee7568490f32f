import type { Job, Ledger } from "./ledger.ts";
import type { Progress } from "./progress.ts";
import type { Sample } from "./sample.ts";

/** How often the ledger is looked at: often enough for a spinner, if there is one. Milliseconds. */
const BUSY_INTERVAL = 150;
const IDLE_INTERVAL = 1000;

export interface WatchOptions {
  ledger: Pick<Ledger, "read">;
  sample?: Sample;
  progress: Progress;
  signal: AbortSignal;
}

/** Shows the progress until `enough` of the jobs, or until the signal. Gives the last state. */
export async function watch(
  { ledger, sample, progress, signal }: WatchOptions,
  enough: (jobs: Job[]) => boolean,
): Promise<Job[]> {
  for (;;) {
    const jobs = await ledger.read();
    progress.show(jobs);
    const dropped = await sample?.advance(jobs) ?? [];
    for (const name of dropped) progress.say(`not sent: ${name}`);
    if (signal.aborted || (!sample?.outstanding && dropped.length === 0 && enough(jobs))) {
      return jobs;
    }
    await pause(interval(jobs), signal);
  }
}

/** How long to wait before the next look. Milliseconds. */
export function interval(jobs: Job[]): number {
  return jobs.every(({ ended }) => ended) ? IDLE_INTERVAL : BUSY_INTERVAL;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
