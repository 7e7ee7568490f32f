/** The tool from its arguments to its exit code. */
import { type Command, flagOfField, readArguments } from "./arguments.ts";
import { type Entry, readBatchFile } from "./batch_file.ts";
import { EXIT, RemoteError, UsageError } from "./failure.ts";
import { helpText } from "./help.ts";
import { readProject } from "./project.ts";
import { QueueApi, queueOf } from "./queue_api.ts";
import type { Surroundings } from "./surroundings.ts";
import { type Issue, issuesOf, type Kind, type Message, type Validators } from "./validation.ts";
import { follow, type Followed } from "./wait.ts";

/** Runs the tool and answers the exit code. */
export async function main(
  args: string[],
  core: Validators,
  surroundings: Surroundings,
): Promise<number> {
  try {
    return await run(readArguments(args), core, surroundings);
  } catch (error) {
    if (error instanceof UsageError) {
      surroundings.complain(`${error.message}\nSee: queue-trigger.ts --help`);
      return EXIT.usage;
    }
    if (error instanceof RemoteError) {
      surroundings.complain(error.message);
      return EXIT.failed;
    }
    throw error;
  }
}

async function run(command: Command, core: Validators, surroundings: Surroundings) {
  if (command.name === "help") {
    surroundings.print(helpText(command.topic));
    return EXIT.ok;
  }
  const { kind } = command;
  // Everything that can be wrong here is found before anything is sent there.
  const entries = command.name === "batch"
    ? await readBatchFile(command.file, kind, command.storyboard, surroundings)
    : [{ label: "", message: command.message }];
  check(entries, command, core);
  const project = readProject(surroundings.environment);
  const api = new QueueApi(project, surroundings.fetch);

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
      throw new RemoteError(
        `${label} was not sent: ${error.message}\n` +
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
