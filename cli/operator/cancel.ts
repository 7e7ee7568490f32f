/** `cancel`: jobs that have not ended, by their ids or by what they have in common. */
import { EXIT, RemoteError } from "../failure.ts";
import type { ProjectApi } from "../project_api.ts";
import type { Surroundings } from "../surroundings.ts";
import type { OperatorCommand } from "./arguments.ts";
import { jobsOf } from "./list.ts";

type Cancel = OperatorCommand & { name: "cancel" };

/** What came of one. */
interface Cancellation {
  job_id: string;
  cancelled: boolean;
  /** Of the job as it is now; null: there is no such job. */
  status: string | null;
}

/** How many are looked for at once; a project may hand out fewer. */
const PAGE = 1000;

export async function cancel(
  command: Cancel,
  api: ProjectApi,
  { print, complain, now }: Surroundings,
): Promise<number> {
  const { jobIds, json, yes } = command;
  const chosen = jobIds.length > 0 ? jobIds : await chosenBy(command, api, now());
  if (jobIds.length === 0 && chosen.length > 0 && !yes) {
    const more = await chosenBy(command, api, now(), chosen.length);
    complain(
      `${more.length > 0 ? "At least " : ""}${chosen.length} would be cancelled. ` +
        "Nothing was done: add --yes if that is what you want.",
    );
    return EXIT.usage;
  }

  const outcomes: Cancellation[] = [];
  const tried = new Set<string>();
  let failure: RemoteError | undefined;
  try {
    for (let batch = chosen; batch.length > 0;) {
      for (const jobId of batch) {
        const { cancelled, status } = await api.call("cancel_generation_job", {
          job_id: jobId,
        }) as Omit<Cancellation, "job_id">;
        tried.add(jobId);
        outcomes.push({ job_id: jobId, cancelled, status });
        if (!json && (jobIds.length > 0 || !cancelled)) {
          print(`${jobId}  ${said(cancelled, status)}`);
        }
      }
      if (jobIds.length > 0) break;
      batch = (await chosenBy(command, api, now())).filter((id) => !tried.has(id));
    }
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    failure = error; // what was done until then is to be told all the same
  }
  const count = outcomes.filter(({ cancelled }) => cancelled).length;
  if (json) print(JSON.stringify(outcomes));
  else if (jobIds.length === 0) print(`${count} cancelled`);
  if (failure) throw failure;
  // Of what was named each should be cancelled; what was only found may have ended meanwhile.
  return jobIds.length > 0 && count < jobIds.length ? EXIT.failed : EXIT.ok;
}

async function chosenBy(
  { filter }: Cancel,
  api: ProjectApi,
  now: number,
  offset = 0,
): Promise<string[]> {
  const jobs = await jobsOf(api, filter, now, {
    ...(!filter.status && { status: "in.(queued,running,waiting)" }),
    order: "enqueued_at.asc,id.asc",
    limit: `${PAGE}`,
    offset: `${offset}`,
  });
  return jobs.map(({ id }) => id);
}

function said(cancelled: boolean, status: string | null): string {
  if (cancelled) return "cancelled";
  return status === null ? "there is no such job" : `not cancelled: it has ${status}`;
}
