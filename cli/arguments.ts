/** The command line, read into what is to be done. */
import { parseArgs } from "node:util";
import { UsageError } from "./failure.ts";
import type { Kind, Message } from "./validation.ts";

/** What the command line asks for. */
export type Command =
  | { name: "help"; topic?: CommandName }
  | { name: "send"; kind: Kind; message: Message; wait: boolean }
  | { name: "batch"; kind: Kind; file: string; storyboard?: string; wait: boolean };

/** The names of the commands. */
export const COMMANDS = ["image", "image-edit", "video", "batch-images", "batch-videos"] as const;
export type CommandName = typeof COMMANDS[number];

/** The storyboard of a job that names none. */
export const DEFAULT_STORYBOARD = "storyboard-001";

/** The flags that take a value, and the field of the message that each one fills. */
export const FIELD_OF_FLAG = {
  storyboard: "storyboardId",
  scene: "sceneId",
  character: "characterId",
  source: "sourceImageUrl",
  webhook: "webhookUrl",
  duration: "durationSeconds",
  aspect: "aspectRatio",
  resolution: "resolution",
};
type Flag = keyof typeof FIELD_OF_FLAG;

const TARGET: Flag[] = ["storyboard", "scene", "character"];
const FLAGS_OF: Record<CommandName, Flag[]> = {
  "image": [...TARGET, "webhook"],
  "image-edit": [...TARGET, "source", "webhook"],
  "video": [...TARGET, "source", "duration", "aspect", "resolution", "webhook"],
  "batch-images": ["storyboard"],
  "batch-videos": ["storyboard"],
};

/** @throws {UsageError} when the line cannot be understood. */
export function readArguments(args: string[]): Command {
  const { values, positionals } = parse(args);
  const { wait = false, help = false, ...flags } = values;
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
  if (command === "batch-images" || command === "batch-videos") {
    const file = onlyArgument(rest, command, "the batch file", "test-prompts.json");
    const kind = command === "batch-images" ? "image" : "video";
    return { name: "batch", kind, file, storyboard: flags.storyboard, wait };
  }

  if (command === "image-edit" && flags.source === undefined) {
    throw new UsageError("image-edit needs --source=URL, the image that is to be edited.");
  }
  const prompt = onlyArgument(rest, command, "the prompt, in quotes", "A hero on a cliff");
  return {
    name: "send",
    kind: command === "video" ? "video" : "image",
    message: {
      storyboardId: DEFAULT_STORYBOARD,
      prompt,
      ...fieldsOf(flags),
      ...(command === "image-edit" && { editMode: true }),
    },
    wait,
  };
}

function parse(args: string[]) {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        storyboard: text,
        scene: text,
        character: text,
        source: text,
        webhook: text,
        duration: text,
        aspect: text,
        resolution: text,
        wait: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(explained(error as Error, args));
  }
}

/** The parser's message, and a hint where experience says what was meant. */
function explained(error: Error, args: string[]): string {
  const message = error.message.split("\n")[0];
  if (args.some((arg) => /^--(env-file|allow-)/.test(arg))) {
    return `${message}. Flags of Deno, like --env-file=FILE and --allow-read, ` +
      "stand before queue-trigger.ts.";
  }
  return message;
}

function refuseForeignFlags(command: CommandName, flags: Partial<Record<Flag, string>>) {
  const foreign = (Object.keys(flags) as Flag[]).find((flag) => !FLAGS_OF[command].includes(flag));
  if (!foreign) return;
  if (command === "image" && foreign === "source") {
    throw new UsageError("image takes no --source. To edit an image, use image-edit.");
  }
  const takers = COMMANDS.filter((name) => FLAGS_OF[name].includes(foreign)).join(", ");
  throw new UsageError(`${command} takes no --${foreign}; it is for ${takers}.`);
}

function onlyArgument(rest: string[], command: CommandName, what: string, example: string): string {
  if (rest.length === 1) return rest[0];
  throw new UsageError(
    rest.length === 0
      ? `${command} needs ${what}: queue-trigger.ts ${command} "${example}"`
      : `${command} takes one argument, ${what}, and got ${rest.length}: ${rest.join(" | ")}`,
  );
}

function fieldsOf(flags: Partial<Record<Flag, string>>): Message {
  return Object.fromEntries(
    Object.entries(flags).map(([flag, value]) => [FIELD_OF_FLAG[flag as Flag], value]),
  );
}
