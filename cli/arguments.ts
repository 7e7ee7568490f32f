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
const FIELD_OF_FLAG = {
  storyboard: "storyboardId",
  scene: "sceneId",
  character: "characterId",
  source: "sourceImageUrl",
  "last-frame": "lastFrameUrl",
  reference: "referenceImageUrls",
  webhook: "webhookUrl",
  duration: "durationSeconds",
  aspect: "aspectRatio",
  resolution: "resolution",
  size: "imageSize",
  model: "model",
  negative: "negativePrompt",
  seed: "seed",
  person: "personGeneration",
  priority: "priority",
};
type Flag = keyof typeof FIELD_OF_FLAG;

/** What the flags of a line say; one that may be repeated says it in a list. */
type Flags = Partial<Record<Flag, string | string[]>>;

const EVERY: Flag[] = [
  "storyboard",
  "scene",
  "character",
  "webhook",
  "model",
  "aspect",
  "seed",
  "priority",
];
const FLAGS_OF: Record<CommandName, Flag[]> = {
  "image": [...EVERY, "size"],
  "image-edit": [...EVERY, "size", "source"],
  "video": [
    ...EVERY,
    ...["source", "last-frame", "reference", "duration", "resolution"] as const,
    ...["negative", "person"] as const,
  ],
  "batch-images": ["storyboard"],
  "batch-videos": ["storyboard"],
};

/** The flag that a person at the command line filled a field with: `sourceImageUrls[1]` by --source. */
export function flagOfField(field: string): string | undefined {
  const name = field.replace(/\[\d+\]$/, "").replace("sourceImageUrls", "sourceImageUrl");
  return Object.entries(FIELD_OF_FLAG).find(([, known]) => known === name)?.[0];
}

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
  const texts = { type: "string", multiple: true } as const;
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        storyboard: text,
        scene: text,
        character: text,
        source: texts,
        "last-frame": text,
        reference: texts,
        webhook: text,
        duration: text,
        aspect: text,
        resolution: text,
        size: text,
        model: text,
        negative: text,
        seed: text,
        person: text,
        priority: text,
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

function refuseForeignFlags(command: CommandName, flags: Flags) {
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

function fieldsOf({ source, seed, priority, ...flags }: Flags): Message {
  const fields = Object.entries(flags).map(([flag, value]) => [FIELD_OF_FLAG[flag as Flag], value]);
  const [first, ...others] = source ?? [];
  return {
    ...Object.fromEntries(fields),
    ...(source && (others.length > 0 ? { sourceImageUrls: source } : { sourceImageUrl: first })),
    ...(seed !== undefined && { seed: numberOrText(seed) }),
    ...(priority !== undefined && { priority: numberOrText(priority) }),
  };
}

/** What is no number stays as it is: the core's validation says what was expected. */
function numberOrText(value: string | string[]): unknown {
  return /^-?\d+$/.test(String(value)) ? Number(value) : value;
}
