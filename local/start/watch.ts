import { setTimeout } from "node:timers/promises";
import { isOver, type Job } from "../../cli/jobs.ts";
import type { Progress } from "../../cli/terminal/progress.ts";

/** How often the jobs are read: often enough for a spinner, if there is one. Milliseconds. */
const BUSY_INTERVAL = 150;
const IDLE_INTERVAL = 1000;

/** What is watched. */
export interface Watched {
  feed: { read(): Promise<unknown>; readonly jobs: Job[] };
  sample?: { readonly outstanding: number; advance(jobs: Job[]): Promise<string[]> };
  progress: Progress;
  signal: AbortSignal;
  sleep?: typeof setTimeout;
}

/** Shows the jobs until `enough` of them, or until the signal. Gives the last state. */
export async function watch(
  { feed, sample, progress, signal, sleep = setTimeout }: Watched,
  enough: (jobs: Job[]) => boolean,
): Promise<Job[]> {
  for (;;) {
    await feed.read();
    const { jobs } = feed;
    progress.show(jobs);
    // What is sent now is not among these jobs yet.
    const wereOutstanding = sample?.outstanding ?? 0;
    for (const name of await sample?.advance(jobs) ?? []) progress.say(`not sent: ${name}`);
    if (signal.aborted || (wereOutstanding === 0 && enough(jobs))) return jobs;
    // An interruption ends the pause, and is no error.
    const pause = jobs.every(isOver) ? IDLE_INTERVAL : BUSY_INTERVAL;
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
}
