/** The command lines that put jobs on the queues. */
import type { Flags, SendingCommand } from "./commands.ts";
import { UsageError } from "./failure.ts";
import type { Kind, Message } from "./validation.ts";

/** What a sender asks for; `json` is for programs. */
export type SenderCommand =
  & { kind: Kind; wait: boolean; json: boolean }
  & ({ name: "send"; message: Message } | { name: "batch"; file: string; storyboard?: string });

/** The storyboard of a job that names none. */
export const DEFAULT_STORYBOARD = "storyboard-001";

/** The flags that fill a field of the message, and the field that each one fills. */
const FIELD_OF_FLAG = {
  storyboard: "storyboardId",
  scene: "sceneId",
  character: "characterId",
  owner: "owner",
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
type FieldFlag = keyof typeof FIELD_OF_FLAG;

/** The flag that a person at the command line filled a field with: `sourceImageUrls[1]` by --source. */
export function flagOfField(field: string): string | undefined {
  const name = field.replace(/\[\d+\]$/, "").replace("sourceImageUrls", "sourceImageUrl");
  return Object.entries(FIELD_OF_FLAG).find(([, known]) => known === name)?.[0];
}

/** @throws {UsageError} when an argument is missing or too much. */
export function readSending(
  command: SendingCommand,
  rest: string[],
  { wait = false, json = false, ...flags }: Flags,
): SenderCommand {
  if (command === "batch-images" || command === "batch-videos") {
    const file = onlyArgument(rest, command, "the batch file", "test-prompts.json");
    const kind = command === "batch-images" ? "image" : "video";
    return { name: "batch", kind, file, storyboard: flags.storyboard, wait, json };
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
    json,
  };
}

function onlyArgument(rest: string[], command: string, what: string, example: string): string {
  if (rest.length === 1) return rest[0];
  throw new UsageError(
    rest.length === 0
      ? `${command} needs ${what}: queue-trigger.ts ${command} "${example}"`
      : `${command} takes one argument, ${what}, and got ${rest.length}: ${rest.join(" | ")}`,
  );
}

function fieldsOf({ source, seed, priority, ...flags }: Flags): Message {
  const fields = Object.entries(flags).map((
    [flag, value],
  ) => [FIELD_OF_FLAG[flag as FieldFlag], value]);
  const [first, ...others] = source ?? [];
  return {
    ...Object.fromEntries(fields),
    ...(source && (others.length > 0 ? { sourceImageUrls: source } : { sourceImageUrl: first })),
    ...(seed !== undefined && { seed: numberOrText(seed) }),
    ...(priority !== undefined && { priority: numberOrText(priority) }),
  };
}

/** What is no number stays as it is: the core's validation says what was expected. */
function numberOrText(value: string): unknown {
  return /^-?\d+$/.test(value) ? Number(value) : value;
}
