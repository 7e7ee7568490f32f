/** Putting jobs on the queues, after everything that can be wrong with them has been looked for. */
import { type Entry, readBatchFile } from "./batch_file.ts";
import { EXIT, LostAnswer, RemoteError, UsageError } from "./failure.ts";
import { readProject } from "./project.ts";
import { ProjectApi } from "./project_api.ts";
import { type Job, QueueApi, queueOf } from "./queue_api.ts";
import { flagOfField, type SenderCommand } from "./sender_arguments.ts";
import type { Surroundings } from "./surroundings.ts";
import { type Issue, issuesOf, type Kind, type Message, type Validators } from "./validation.ts";
import { follow, type Followed } from "./wait.ts";

/** Sends what the command says; answers the exit code. */
export async function send(
  command: SenderCommand,
  core: Validators,
  surroundings: Surroundings,
): Promise<number> {
  const { kind } = command;
  // Everything that can be wrong here is found before anything is sent there.
  const entries = command.name === "batch"
    ? await readBatchFile(command.file, kind, command.storyboard, surroundings)
    : [{ label: "", message: command.message }];
  check(entries, command, core);
  const project = readProject(surroundings.environment);
  const api = new QueueApi(new ProjectApi(project, surroundings.fetch));

  const { json, wait } = command;
  const shown = json ? { ...surroundings, print: () => {}, status: undefined } : surroundings;
  const jobs: Sent[] = [];
  let ended: Job[] = [];
  try {
    await enqueueAll(entries, kind, api, shown, jobs);
    const count = jobs.length === 1 ? "1 job" : `${jobs.length} jobs`;
    // Named, because an exported variable wins over --env-file without a word.
    shown.print(`${count} put on ${queueOf(kind)} at ${project.url}`);
    if (wait) ended = await follow(jobs, api, shown);
  } finally {
    // One document, also of what was sent before something went wrong.
    if (json && jobs.length > 0) {
      const documents = jobs.map(({ receipt }, n) => ({ ...receipt, ...outcomeOf(ended[n]) }));
      surroundings.print(JSON.stringify(command.name === "batch" ? documents : documents[0]));
    }
  }
  return ended.every(({ status }) => status === "succeeded") ? EXIT.ok : EXIT.failed;
}

/** A job that is on its queue. */
interface Sent extends Followed {
  receipt: { job_id: string; msg_id: number; queue: string };
}

function outcomeOf(job: Job | undefined) {
  return job && { status: job.status, asset_url: job.asset_url, error: job.error };
}

/** One after the other, so that the queue keeps the order of the file. */
async function enqueueAll(
  entries: Entry[],
  kind: Kind,
  api: QueueApi,
  { print }: Surroundings,
  jobs: Sent[],
): Promise<void> {
  for (const { label, message } of entries) {
    const prefix = label && `${label} `;
    try {
      const { jobId, msgId } = await api.enqueue(kind, message as Message);
      print(`${prefix}job id: ${jobId}  message id: ${msgId}`);
      jobs.push({
        label: prefix,
        jobId,
        worker: `./process-queue.sh ${kind}s`,
        receipt: { job_id: jobId, msg_id: msgId, queue: queueOf(kind) },
      });
    } catch (error) {
      if (!(error instanceof RemoteError) || jobs.length === 0) throw error;
      const what = error instanceof LostAnswer ? "may not have been sent" : "was not sent";
      throw new RemoteError(
        `${label} ${what}: ${error.message}\n` +
          `The ${jobs.length} before it are on the queue; do not send those again.`,
      );
    }
  }
}

function check(
  entries: Entry[],
  { name, kind }: { name: string; kind: Kind },
  core: Validators,
): void {
  const faults = entries.flatMap(({ label, message }) =>
    issuesOf(core, kind, message).map((issue) =>
      name === "batch" ? batchFault(label, issue) : flagFault(issue)
    )
  );
  if (faults.length > 0) throw new UsageError(`Nothing was sent.\n${faults.join("\n")}`);
}

function batchFault(label: string, { field, expected }: Issue): string {
  return `  ${label}.${field}: expected ${expected}`;
}

/** A person at the command line knows the flag rather than the field. */
function flagFault({ field, expected }: Issue): string {
  const flag = flagOfField(field);
  return `  ${flag ? `--${flag} (${field})` : field}: expected ${expected}`;
}
