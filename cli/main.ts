/** The tool from its arguments to its exit code. */
import { type Command, readArguments } from "./arguments.ts";
import { EXIT, RemoteError, UsageError } from "./failure.ts";
import { helpText } from "./help.ts";
import { operate } from "./operator/operate.ts";
import { send } from "./send.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Validators } from "./validation.ts";

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
  switch (command.name) {
    case "help":
      surroundings.print(helpText(command.topic));
      return EXIT.ok;
    case "send":
    case "batch":
      return await send(command, core, surroundings);
    default:
      return await operate(command, surroundings);
  }
}
