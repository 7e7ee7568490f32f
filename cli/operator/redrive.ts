/** `redrive`: failed jobs are sent again, by their ids, by the reason, or all. */
import { EXIT, RemoteError } from "../failure.ts";
import type { ProjectApi } from "../project_api.ts";
import { queueOf } from "../queue_api.ts";
import type { Surroundings } from "../surroundings.ts";
import type { OperatorCommand } from "./arguments.ts";
import { queryOf } from "./filter.ts";
import { jobsOf } from "./list.ts";

type Redrive = OperatorCommand & { name: "redrive" };

/** Jobs that are sent again in one call: it answers no more than 1,000 on Supabase, and has 8 seconds. */
const MOST_SENT = 500;

/** An address of more ids than this is too long for some gateways. */
const MOST_ASKED = 100;

export async function redrive(
  command: Redrive,
  api: ProjectApi,
  { print, complain, now }: Surroundings,
): Promise<number> {
  const { jobIds, error, kind, forgetOperation, yes, json } = command;
  const warning = warningOf(command);
  if (warning && !yes) {
    complain(`${warning} Nothing was done: add --yes if that is what you want.`);
    return EXIT.usage;
  }

  const chosen = jobIds.length > 0 ? jobIds : await failedJobs(command, api, now());
  const sent: string[] = [];
  const left: { job_id: string; status: string | null }[] = [];
  let failure: RemoteError | undefined;
  try {
    for (const some of portions(chosen, MOST_SENT)) {
      const ids = await api.call("redrive_generation_jobs", {
        job_ids: some,
        ...(error && { error_code: error }),
        ...(kind && { queue_name: queueOf(kind) }),
        forget_operation: forgetOperation,
      });
      sent.push(...ids as string[]);
    }
    const again = new Set(sent);
    const others = jobIds.filter((id) => !again.has(id.toLowerCase()));
    const statuses = await statusesOf(others, api, now());
    for (const id of others) {
      left.push({ job_id: id, status: statuses.get(id.toLowerCase()) ?? null });
    }
  } catch (error) {
    if (!(error instanceof RemoteError) || sent.length === 0) throw error;
    failure = error; // what was sent until then is to be told all the same
  }
  if (json) {
    print(JSON.stringify({ redriven: sent, left }));
  } else {
    print(`${sent.length} sent again`);
    for (const { job_id, status } of left) {
      print(`${job_id}  ${status ? `not sent again: it is ${status}` : "there is no such job"}`);
    }
  }
  if (failure) throw failure;
  return left.length === 0 ? EXIT.ok : EXIT.failed;
}

function warningOf({ jobIds, error, kind, forgetOperation }: Redrive): string | undefined {
  if (forgetOperation) {
    return "--forget-operation gives up what was submitted and pays for the videos a second time.";
  }
  if (error === "submission_uncertain") {
    return "Jobs that failed as submission_uncertain may have been paid for; they are paid for again.";
  }
  if (jobIds.length === 0 && !error) {
    return `All failed ${kind ?? "image and video"} jobs would be sent again, ` +
      "also what will fail again, and what may have been paid for (submission_uncertain).";
  }
}

/** The oldest first, as they go back onto the queues. */
async function failedJobs({ error, kind }: Redrive, api: ProjectApi, now: number) {
  const jobs = await api.allRows<{ id: string }>("generation_jobs", {
    ...queryOf({ status: "failed", error_code: error, kind }, now),
    select: "id",
    order: "enqueued_at,msg_id,id",
  });
  return jobs.map(({ id }) => id);
}

async function statusesOf(ids: string[], api: ProjectApi, now: number) {
  const statuses = new Map<string, string>();
  for (const some of portions(ids, MOST_ASKED)) {
    const jobs = await jobsOf(api, {}, now, { id: `in.(${some.join(",")})` });
    for (const { id, status } of jobs) statuses.set(id, status);
  }
  return statuses;
}

function portions(ids: string[], most: number): string[][] {
  const count = Math.ceil(ids.length / most);
  return Array.from({ length: count }, (_, n) => ids.slice(n * most, (n + 1) * most));
}
