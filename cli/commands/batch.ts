/** `batch-images` and `batch-videos`: all jobs of a file. */
import { KNOWN_BESIDE, KNOWN_FIELDS, unknownBeside, unknownIn } from "../../console/model/batch.js";
import { meant } from "../../console/model/near.js";
import { quoted } from "../api.ts";
import { command, one } from "../command.ts";
import { UsageError } from "../failure.ts";
import { text, yesOrNo } from "../flag.ts";
import type { Io } from "../io.ts";
import type { Kind } from "../jobs.ts";
import type { Session } from "../session.ts";
import { DEFAULT_STORYBOARD, type Entry, type Message, send, SENDING } from "./send.ts";

export const batchImages = batch("image", `{ "prompt": "A castle", "sceneId": "scene-001" }`);
export const batchVideos = batch("video", `{ "prompt": "A gate", "durationSeconds": "6" }`);

function batch(kind: Kind, example: string) {
  const list = `${kind}s`;
  return command({
    name: `batch-${list}`,
    summary: `sends the ${list} of a file`,
    args: one("FILE", "a JSON file"),
    flags: {
      storyboard: text(
        "ID",
        "the storyboard of entries without one (default: the file's, or storyboard-001)",
      ),
      yes: yesOrNo("send also what has fields that no worker reads"),
      ...SENDING,
    },
    notes: `FILE is JSON: { "storyboardId": "…", "${list}": [ENTRY, …] } or just [ENTRY, …].
An ENTRY is a message (docs/messages.md), or just a prompt:

  ${example}

All entries are checked before the first one is sent. A field that messages do
not have is most likely misspelled: nothing is sent without --yes.

With --idempotency-key each place of the list has a key of its own: a batch that
was interrupted is sent again as it is.`,
    readsFiles: true,
    examples: [`batch-${list} test-prompts.json`],
    run: async (file, { storyboard, "idempotency-key": key, ...flags }, session: Session) => {
      const batch = await readBatchFile(file, kind, storyboard, session.io);
      return await send({ kind, ...batch, nameOf: (field) => field, key, ...flags }, session);
    },
  });
}

/**
 * The storyboard of an entry is its own, else that of the command line, else that of the file.
 *
 * @throws {UsageError} when the file cannot be read or has no such entries.
 */
async function readBatchFile(
  path: string,
  kind: Kind,
  storyboard: string | undefined,
  io: Io,
): Promise<{ entries: Entry[]; unknown: string[] }> {
  const content = parse(path, await read(path, kind, io));
  const list = `${kind}s`;
  const isBare = Array.isArray(content);
  const entries = isBare ? content : (content as Message | null)?.[list];
  if (!Array.isArray(entries)) {
    throw new UsageError(`${path} has no list "${list}", and is no list itself.`);
  }
  if (entries.length === 0) throw new UsageError(`${path}: the list of ${list} is empty.`);

  const shared = storyboard ?? (isBare ? undefined : (content as Message).storyboardId) ??
    DEFAULT_STORYBOARD;
  const labelled = entries.map((entry, index) => ({
    label: isBare ? `[${index}]` : `${list}[${index}]`,
    message: messageOf(entry, shared),
  }));
  return { entries: labelled, unknown: strangers(content, kind, labelled) };
}

/** A line for each field that is not read. */
function strangers(content: unknown, kind: Kind, entries: Required<Entry>[]): string[] {
  const beside = unknownBeside(content).map((name) =>
    `${quoted(name)}: there is no such field.${meant(name, KNOWN_BESIDE)}`
  );
  const places = unknownIn(entries.map((entry) => ({ ...entry, kind })));
  const within = [...places].map(([name, [first, ...others]]) => {
    const more = others.length > 0 ? ` (and in ${others.length} more)` : "";
    const hint = meant(name, KNOWN_FIELDS[kind]);
    return `${first.label}.${quoted(name)}${more}: messages have no such field.${hint}`;
  });
  return [...beside, ...within];
}

function messageOf(entry: unknown, storyboardId: unknown): unknown {
  if (typeof entry === "string") return { storyboardId, prompt: entry };
  const isObject = typeof entry === "object" && entry !== null && !Array.isArray(entry);
  // What is no object stays as it is: the core's validation says what was expected.
  return isObject ? { storyboardId, ...entry } : entry;
}

async function read(path: string, kind: Kind, { readFile }: Io): Promise<string> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      throw new UsageError(
        `Deno may not read ${path}. Add --allow-read: deno run --allow-net --allow-env ` +
          `--allow-read queue-trigger.ts batch-${kind}s ${path}`,
      );
    }
    if (error instanceof Deno.errors.NotFound) throw new UsageError(`There is no file ${path}.`);
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}`);
  }
}

function parse(path: string, text: string): unknown {
  try {
    // Some editors on Windows write a byte order mark.
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new UsageError(`${path} is not JSON: ${(error as Error).message}`);
  }
}
