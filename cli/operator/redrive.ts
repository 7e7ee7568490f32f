/** `redrive`: failed jobs are sent again, by their ids, by the reason, or all. */
import { EXIT } from "../failure.ts";
import type { ProjectApi } from "../project_api.ts";
import { queueOf } from "../queue_api.ts";
import type { Surroundings } from "../surroundings.ts";
import type { Kind } from "../validation.ts";
import type { OperatorCommand } from "./arguments.ts";
import { jobsOf } from "./list.ts";

type Redrive = OperatorCommand & { name: "redrive" };

const KINDS: Kind[] = ["image", "video"];

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

  // All of both kinds is no condition, and the database wants one.
  const queues = jobIds.length > 0 || error ? [kind] : kind ? [kind] : KINDS;
  const sent: string[] = [];
  for (const each of queues) {
    const ids = await api.call("redrive_generation_jobs", {
      ...(jobIds.length > 0 && { job_ids: jobIds }),
      ...(error && { error_code: error }),
      ...(each && { queue: queueOf(each) }),
      forget_operation: forgetOperation,
    });
    sent.push(...ids as string[]);
  }
  const left = jobIds.filter((id) => !sent.includes(id.toLowerCase()));
  const reasons = left.length > 0 ? await statusesOf(left, api, now()) : new Map();
  if (json) {
    print(JSON.stringify({
      redriven: sent,
      left: left.map((id) => ({ job_id: id, status: reasons.get(id.toLowerCase()) ?? null })),
    }));
  } else {
    print(`${sent.length} sent again`);
    for (const id of left) {
      const status = reasons.get(id.toLowerCase());
      print(`${id}  ${status ? `not sent again: it is ${status}` : "there is no such job"}`);
    }
  }
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

async function statusesOf(ids: string[], api: ProjectApi, now: number) {
  const jobs = await jobsOf(api, {}, now, { id: `in.(${ids.join(",")})` });
  return new Map(jobs.map(({ id, status }) => [id, status]));
}
