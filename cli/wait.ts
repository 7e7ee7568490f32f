/** Following jobs until they have ended. */
import { RemoteError } from "./failure.ts";
import type { Job, QueueApi } from "./queue_api.ts";
import type { Surroundings } from "./surroundings.ts";
import { plain } from "../supabase/functions/_shared/plain.ts";

/** A job to follow; `label` is put in front of what is shown of it. */
export interface Followed {
  label: string;
  jobId: string;
  /** The command that works on the queue, for whoever waits in vain. */
  worker: string;
}

const POLL_MILLISECONDS = 1000;

/** A connection that breaks this many times in a row is not coming back soon. */
const MOST_FAILURES = 10;

/** Polls after which a job that nobody took up calls for a hint: half a minute. */
const IDLE_POLLS = 30;

/** Shows the progress of jobs, one after the other, until all have ended. Answers how they ended. */
export async function follow(
  jobs: Followed[],
  api: QueueApi,
  surroundings: Surroundings,
): Promise<Job[]> {
  const ended: Job[] = [];
  for (const job of jobs) ended.push(await followOne(job, api, surroundings));
  return ended;
}

async function followOne(followed: Followed, api: QueueApi, surroundings: Surroundings) {
  const { label, jobId, worker } = followed;
  const { print, complain, status, sleep } = surroundings;
  const poll = patiently(`${label}lost sight of the job`, () => jobOf(api, jobId));
  let shown = "";
  for (let polls = 1;; polls++) {
    const job = await poll();
    if (job) {
      const line = `${label}${describe(job)}`;
      if (isOver(job)) {
        status?.("");
        print(line);
        return job;
      }
      if (line !== shown) (status ?? print)(line);
      shown = line;
      if (polls === IDLE_POLLS && job.status === "queued" && job.attempts === 0) {
        status?.("");
        complain(`${label}still queued. If no schedule runs the function: ${worker}`);
      }
    }
    await sleep(POLL_MILLISECONDS);
  }
}

/** The job; one that is not there will not come back. */
export async function jobOf(api: QueueApi, jobId: string): Promise<Job> {
  const job = await api.job(jobId);
  if (!job) throw new Error(`there is no job ${jobId}`);
  return job;
}

/**
 * Asks again and again. A passing failure must not end the waiting, for the jobs go on without us:
 * it answers undefined.
 *
 * @throws {RemoteError} that begins with `what`, when nothing can be had for long.
 */
export function patiently<T>(what: string, ask: () => Promise<T>): () => Promise<T | undefined> {
  let failures = 0;
  return async () => {
    try {
      const answer = await ask();
      failures = 0;
      return answer;
    } catch (error) {
      failures++;
      if (!(error instanceof RemoteError) || failures >= MOST_FAILURES) {
        throw new RemoteError(`${what}: ${(error as Error).message}`);
      }
    }
  };
}

export function isOver({ status }: Job): boolean {
  return status === "succeeded" || status === "failed" || status === "cancelled";
}

/** How the job stands, in a line. */
export function describe({ status, position, attempts, asset_url, error }: Job): string {
  const reason = error ? `: ${error.code}: ${plain(error.message)}` : "";
  switch (status) {
    case "queued":
      if (attempts > 0) return `queued again after attempt ${attempts}${reason}`;
      return position ? `queued, number ${position} in the queue` : "queued";
    case "running":
      return attempts > 1 ? `running, attempt ${attempts}` : "running";
    case "waiting":
      return "the video is being generated";
    case "succeeded":
      return `succeeded: ${asset_url}`;
    default:
      return `${status}${reason}`;
  }
}
