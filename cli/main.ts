/** The tool behind queue-trigger.ts: its commands, from the command line to the exit code. */
import { meant } from "../console/model/near.js";
import { quoted } from "./api.ts";
import { type Action, type Command, flagsOf, helpOf, meantFlag, row, split } from "./command.ts";
import { batchImages, batchVideos } from "./commands/batch.ts";
import { cancel } from "./commands/cancel.ts";
import { choose } from "./commands/choose.ts";
import { doctor } from "./commands/doctor.ts";
import { image } from "./commands/image.ts";
import { imageEdit } from "./commands/image_edit.ts";
import { list } from "./commands/list.ts";
import { metrics } from "./commands/metrics.ts";
import { process } from "./commands/process.ts";
import { redrive } from "./commands/redrive.ts";
import { reset } from "./commands/reset.ts";
import { show } from "./commands/show.ts";
import { status } from "./commands/status.ts";
import { video } from "./commands/video.ts";
import { watch } from "./commands/watch.ts";
import { EXIT, RemoteError, UsageError } from "./failure.ts";
import type { Flags } from "./flag.ts";
import { type Io, withPlainOutput } from "./io.ts";
import { type Core, Session } from "./session.ts";

const SENDING = [image, imageEdit, video, batchImages, batchVideos];
const OPERATING = [
  ...[status, list, show, watch, cancel, redrive, choose],
  ...[reset, metrics, process, doctor],
];

/** All commands, in the order of the help. */
export const COMMANDS: Command<Session>[] = [...SENDING, ...OPERATING];

const FLAGS: Flags = Object.assign({}, ...COMMANDS.map(({ flags }) => flags));

/** Runs the tool and answers the exit code. */
export async function main(args: string[], core: Core, outside: Io): Promise<number> {
  const io = withPlainOutput(outside);
  let answered = "";
  const fetch: Io["fetch"] = async (request) => {
    const reply = await io.fetch(request);
    answered = new URL(request.url).origin;
    return reply;
  };
  try {
    return await read(args)(new Session(core, { ...io, fetch }));
  } catch (thrown) {
    const error = answered ? foreign(thrown, answered) : thrown;
    if (!(error instanceof UsageError || error instanceof RemoteError)) throw error;
    if (error instanceof RemoteError) {
      io.stderr(error.message);
      return EXIT.failed;
    }
    const command = COMMANDS.find(({ name }) => args.includes(name));
    io.stderr(`${error.message}\nSee: queue-trigger.ts ${command ? `${command.name} ` : ""}--help`);
    return EXIT.usage;
  }
}

/** What a server answers may have any type and depth, and what shows it may fail in any way. */
function foreign(error: unknown, server: string): unknown {
  if (!(error instanceof TypeError || error instanceof RangeError)) return error;
  return new RemoteError(
    `${server} answered something that cannot be shown: is it the API URL of a project? (${
      quoted(error.message)
    })`,
  );
}

/**
 * Reads a command line.
 *
 * @throws {UsageError} when it is wrong.
 */
export function read(args: string[]): Action<Session> {
  const { words: [name, ...words], given, help } = split(args, FLAGS, unknownFlag);
  const command = COMMANDS.find((command) => command.name === name);
  if (name === "help" || help) {
    const topic = command ?? COMMANDS.find((command) => command.name === words[0]);
    return (session) => {
      session.io.stdout(topic ? helpOf(topic, runOf(topic)) : toolHelp());
      return Promise.resolve(EXIT.ok);
    };
  }
  const names = COMMANDS.map(({ name }) => name);
  const all = `${names.join(", ")}.`;
  if (name === undefined) throw new UsageError(`expected a command: ${all}`);
  if (!command) {
    throw new UsageError(
      `There is no command "${name}".${meant(name, names)} The commands: ${all}`,
    );
  }
  for (const flag of given.keys()) {
    if (!Object.hasOwn(command.flags, flag)) throw new UsageError(foreignFlag(flag, command));
  }
  return command.prepare(words, given);
}

/** With a hint where the intention can be guessed. */
function unknownFlag(flag: string, words: string[]): string {
  if (/^--(env-file|allow-)/.test(flag)) {
    return `There is no flag ${flag}. Flags of Deno, like --env-file=FILE and --allow-read, stand ` +
      "before queue-trigger.ts.";
  }
  const command = COMMANDS.find(({ name }) => name === words[0]);
  const flags = command ? ` ${flagsOf(command)}` : "";
  const dash = flag.startsWith("--") ? "" : ` A prompt that starts with a dash stands after "--".`;
  const near = command ? meantFlag(flag, command.flags) : "";
  return `${
    command ? `${command.name}: there` : "There"
  } is no flag ${flag}.${near}${flags}${dash}`;
}

function foreignFlag(flag: string, command: Command<Session>): string {
  if (command === image && flag === "source") {
    return "image takes no --source. To edit an image, use image-edit.";
  }
  const takers = COMMANDS.filter(({ flags }) => Object.hasOwn(flags, flag));
  const names = takers.map(({ name }) => name).join(", ");
  return `${command.name} takes no --${flag}; ${names} ${takers.length === 1 ? "does" : "do"}. ${
    flagsOf(command)
  }`;
}

function runOf({ readsFiles = false }): string {
  return `deno run --allow-net --allow-env ${readsFiles ? "--allow-read " : ""}queue-trigger.ts`;
}

function toolHelp(): string {
  const rows = (commands: Command<Session>[]) =>
    commands.map(({ name, args, summary }) => row(`${name} ${args.usage}`.trim(), summary, 30))
      .join("\n");
  return `Sends jobs to the generation queues, shows their results and repairs what failed.

  ${runOf({})} COMMAND …

SENDING
${rows(SENDING)}

OPERATING
${rows(OPERATING)}

queue-trigger.ts COMMAND --help explains a command and its flags, with examples.
Each command takes --json, for programs.

ENVIRONMENT
  SUPABASE_URL                 the URL of the project's API
  SUPABASE_SECRET_KEY          a secret key of the project, or
  SUPABASE_SERVICE_ROLE_KEY    its legacy service_role key

  Export them, or let Deno read a file: deno run --env-file=.env --allow-net …
  \`deno task start\` writes those of the local stack into .env.local.

FLAGS are written --flag=VALUE or --flag VALUE. "--" ends them, for a prompt that
starts with a dash.

EXIT CODES
  0  queued, or done; with --wait, or watched: succeeded
  1  the project refused or could not be reached; a job that was waited for or
     processed failed; a job that was named could not be cancelled or redriven;
     doctor: something has failed
  2  wrong usage, or a message that could not become a job: nothing was sent;
     what needs --yes: nothing was done

A job starts when a function runs: by its schedule, or by ./process-queue.sh.`;
}
