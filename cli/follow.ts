/** Following jobs until they have ended. */
import { type Api, objects } from "./api.ts";
import { RemoteError } from "./failure.ts";
import type { Io } from "./io.ts";
import { isOver, type Job } from "./jobs.ts";
import { changeLine, LineProgress, LiveProgress, type Progress } from "./terminal/progress.ts";

/** How changes are shown: as lines for programs, in a table at a terminal, as lines elsewhere. */
export function progressFor(
  { screen, stdout, now }: Pick<Io, "screen" | "stdout" | "now">,
  json: boolean,
): Progress {
  if (json) return new LineProgress(stdout, (job) => JSON.stringify(job));
  return screen ? new LiveProgress(screen, now) : new LineProgress(stdout);
}

/** After this many failures in a row the connection counts as lost. */
const MOST_FAILURES = 10;

/**
 * Polls. A passing failure answers undefined and must not end the waiting: the jobs continue without
 * this tool.
 *
 * @throws {RemoteError} that begins with `what`, after too many failures in a row.
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

/** Shows jobs by their ids until all have ended, and answers them. `look` is called with each poll. */
export async function follow(
  ids: string[],
  api: Api,
  io: Io,
  { progress, seconds, look = () => {} }: {
    progress: Progress;
    seconds: number;
    look?: (jobs: Job[]) => void;
  },
): Promise<Job[]> {
  const followed = ids.map((id) => ({
    job: undefined as Job | undefined,
    poll: patiently(`lost sight of job ${id}`, () => jobById(id, api)),
  }));
  for (;;) {
    for (const each of followed) {
      if (!each.job || !isOver(each.job)) each.job = await each.poll() ?? each.job;
    }
    const jobs = followed.flatMap(({ job }) => job ?? []);
    progress.show(jobs);
    look(jobs);
    if (jobs.filter(isOver).length === ids.length || io.closed?.()) {
      progress.finish();
      // The table has no room for an address.
      if (progress instanceof LiveProgress) { for (const job of jobs) io.stdout(changeLine(job)); }
      return jobs;
    }
    await io.sleep(seconds * 1000);
  }
}

/** A job that does not exist is an error that ends the polling. */
async function jobById(id: string, api: Api): Promise<Job> {
  const job = await api.callObject("generation_job", { job_id: id });
  if (!job) throw new Error(`there is no job ${id}`);
  const { error: given, ...rest } = job;
  const [error] = objects([given]);
  return {
    ...rest as unknown as Job,
    error_code: error ? String(error.code) : null,
    error_message: error ? String(error.message) : null,
  };
}
