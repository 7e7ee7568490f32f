/** Following jobs until they have ended. */
import { portions } from "../console/lib/portions.js";
import type { Held } from "../console/model/types.d.ts";
import { type Api, objects } from "./api.ts";
import { RemoteError } from "./failure.ts";
import type { Io } from "./io.ts";
import type { Standing } from "./figures.ts";
import { COLUMNS, isOver, type Job, jobsOf, MOST_NAMED } from "./jobs.ts";
import { changeLine, LineProgress, LiveProgress, type Progress } from "./terminal/progress.ts";
import { waitsOf } from "./waits.ts";

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
  const found = new Map<string, Job>();
  const lost = `lost sight of ${ids.length === 1 ? `job ${ids[0]}` : "the jobs"}`;
  const poll = patiently(lost, async () => {
    const live = ids.filter((id) => !isOver(found.get(id) ?? { status: "queued" }));
    if (ids.length === 1) found.set(ids[0], await jobById(ids[0], api));
    else for (const job of await jobsById(live, api)) found.set(job.id, job);
  });
  for (;;) {
    await poll();
    const jobs = ids.flatMap((id) => found.get(id) ?? []);
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

/** What a table shows of the jobs, in requests for many. One that does not exist ends the polling, too. */
async function jobsById(ids: string[], api: Api): Promise<Job[]> {
  const found = new Map<string, Job>();
  for (let rest = ids; rest.length > 0;) {
    const [some] = portions(rest, MOST_NAMED);
    const query = { select: `${COLUMNS},entities`, id: `in.(${some.join(",")})` };
    for (const job of await jobsOf(api, query)) found.set(job.id, job);
    // A project may answer fewer rows than were asked for.
    if (!some.some((id) => found.has(id))) throw new Error(`there is no job ${some[0]}`);
    rest = rest.filter((id) => !found.has(id));
  }
  const jobs = [...found.values()];
  const waits = await waitsOf(jobs, api);
  return jobs.map((job) => ({ ...job, waits_for: waiting(waits.get(job.id)) }));
}

function waiting(stands: Standing | undefined): Held | null {
  if (!stands) return null;
  const { model, code, reason, state, rests_until } = stands;
  return { by: "model", model, state, until: rests_until, code, reason };
}
