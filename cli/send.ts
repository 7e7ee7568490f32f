/** Putting jobs on the queues, after everything that can be wrong with them has been looked for. */
import { type Entry, readBatchFile } from "./batch_file.ts";
import { EXIT, LostAnswer, RemoteError, UsageError } from "./failure.ts";
import { readProject } from "./project.ts";
import { ProjectApi } from "./project_api.ts";
import { QueueApi, queueOf } from "./queue_api.ts";
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

  const jobs = await enqueueAll(entries, kind, api, surroundings);
  const count = jobs.length === 1 ? "1 job" : `${jobs.length} jobs`;
  // Named, because an exported variable wins over --env-file without a word.
  surroundings.print(`${count} put on ${queueOf(kind)} at ${project.url}`);

  if (!command.wait) return EXIT.ok;
  const unsuccessful = await follow(jobs, api, surroundings);
  return unsuccessful === 0 ? EXIT.ok : EXIT.failed;
}

/** One after the other, so that the queue keeps the order of the file. */
async function enqueueAll(
  entries: Entry[],
  kind: Kind,
  api: QueueApi,
  { print }: Surroundings,
): Promise<Followed[]> {
  const jobs: Followed[] = [];
  for (const { label, message } of entries) {
    const prefix = label && `${label} `;
    try {
      const { jobId, msgId } = await api.enqueue(kind, message as Message);
      print(`${prefix}job id: ${jobId}  message id: ${msgId}`);
      jobs.push({ label: prefix, jobId, worker: `./process-queue.sh ${kind}s` });
    } catch (error) {
      if (!(error instanceof RemoteError) || jobs.length === 0) throw error;
      const what = error instanceof LostAnswer ? "may not have been sent" : "was not sent";
      throw new RemoteError(
        `${label} ${what}: ${error.message}\n` +
          `The ${jobs.length} before it are on the queue; do not send those again.`,
      );
    }
  }
  return jobs;
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
