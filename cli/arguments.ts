/** The command line, read into what is to be done. */
import { parseArgs } from "node:util";
import {
  type CommandName,
  COMMANDS,
  FLAGS,
  type Flags,
  foreignFlag,
  isOperating,
  takersOf,
} from "./commands.ts";
import { UsageError } from "./failure.ts";
import { type OperatorCommand, readOperating } from "./operator/arguments.ts";
import { readSending, type SenderCommand } from "./sender_arguments.ts";

/** What the command line asks for. */
export type Command =
  | { name: "help"; topic?: CommandName }
  | SenderCommand
  | OperatorCommand;

/** @throws {UsageError} when the line cannot be understood. */
export function readArguments(args: string[]): Command {
  const { values, positionals } = parse(args);
  const { help = false, ...flags } = values;
  const [first, ...rest] = positionals;

  if (first === undefined || first === "help") {
    if (first === undefined && !help) throw new UsageError("Say what to do.");
    return { name: "help", topic: COMMANDS.find((name) => name === rest[0]) };
  }
  const command = COMMANDS.find((name) => name === first);
  if (!command) {
    throw new UsageError(`There is no command "${first}". The commands: ${COMMANDS.join(", ")}.`);
  }
  if (help) return { name: "help", topic: command };

  refuseForeignFlags(command, flags);
  return isOperating(command)
    ? readOperating(command, rest, flags)
    : readSending(command, rest, flags);
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { ...FLAGS, help: { type: "boolean", short: "h" } },
    });
  } catch (error) {
    throw new UsageError(explained(error as Error, args));
  }
}

/** The parser's message, and a hint where experience says what was meant. */
function explained(error: Error, args: string[]): string {
  const message = error.message.split("\n")[0].replace(/\. To specify .*/, "");
  if (args.some((arg) => /^--(env-file|allow-)/.test(arg))) {
    return `${message}. Flags of Deno, like --env-file=FILE and --allow-read, ` +
      "stand before queue-trigger.ts.";
  }
  const unknown = (error as { code?: string }).code === "ERR_PARSE_ARGS_UNKNOWN_OPTION";
  return unknown ? `${message}. A prompt that starts with a dash stands after "--".` : message;
}

function refuseForeignFlags(command: CommandName, flags: Flags) {
  const foreign = foreignFlag(command, flags);
  if (!foreign) return;
  if (command === "image" && foreign === "source") {
    throw new UsageError("image takes no --source. To edit an image, use image-edit.");
  }
  const takers = takersOf(foreign).join(", ");
  throw new UsageError(`${command} takes no --${foreign}; it is for ${takers}.`);
}
