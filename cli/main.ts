/** The tool from its arguments to its exit code. */
import { type Command, readArguments } from "./arguments.ts";
import { doctor } from "./doctor/doctor.ts";
import { EXIT, RemoteError, UsageError } from "./failure.ts";
import { helpText } from "./help.ts";
import { operate } from "./operator/operate.ts";
import { send } from "./send.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Validators } from "./validation.ts";

/** The part of the WASM core that the tool uses. */
export interface Core extends Validators {
  /** The version of this clone. */
  version(): string;
}

/** Runs the tool and answers the exit code. */
export async function main(
  args: string[],
  core: Core,
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

async function run(command: Command, core: Core, surroundings: Surroundings) {
  switch (command.name) {
    case "help":
      surroundings.print(helpText(command.topic));
      return EXIT.ok;
    case "send":
    case "batch":
      return await send(command, core, surroundings);
    // It judges the environment itself, where all others need one that is right.
    case "doctor":
      return await doctor(core.version(), command.json, surroundings);
    default:
      return await operate(command, surroundings);
  }
}
