/** Files with many jobs. */
import { DEFAULT_STORYBOARD } from "./sender_arguments.ts";
import { UsageError } from "./failure.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Kind, Message } from "./validation.ts";

/** One entry; `label` says where in the file it stands. `message` is not yet checked. */
export interface Entry {
  label: string;
  message: unknown;
}

/**
 * Reads the entries of one kind: from `{ storyboardId?, images: […], videos: […] }`, or from a bare
 * array. A string is an entry that is only a prompt. The storyboard of an entry is its own, else
 * that of the command line, else that of the file.
 *
 * @throws {UsageError} when the file cannot be read or has no such entries.
 */
export async function readBatchFile(
  path: string,
  kind: Kind,
  storyboard: string | undefined,
  surroundings: Surroundings,
): Promise<Entry[]> {
  const content = parse(path, await read(path, kind, surroundings));
  const list = `${kind}s`;
  const isBare = Array.isArray(content);
  const entries = isBare ? content : (content as Message | null)?.[list];
  if (!Array.isArray(entries)) {
    throw new UsageError(`${path} has no list "${list}", and is no list itself.`);
  }
  if (entries.length === 0) throw new UsageError(`${path}: the list of ${list} is empty.`);

  const shared = storyboard ?? (isBare ? undefined : (content as Message).storyboardId) ??
    DEFAULT_STORYBOARD;
  return entries.map((entry, index) => ({
    label: isBare ? `[${index}]` : `${list}[${index}]`,
    message: messageOf(entry, shared),
  }));
}

function messageOf(entry: unknown, storyboardId: unknown): unknown {
  if (typeof entry === "string") return { storyboardId, prompt: entry };
  const isObject = typeof entry === "object" && entry !== null && !Array.isArray(entry);
  // What is no object is left as it is: the core's validation says what was expected.
  return isObject ? { storyboardId, ...entry } : entry;
}

async function read(path: string, kind: Kind, { readFile }: Surroundings): Promise<string> {
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
    // Editors on Windows put a byte order mark in front.
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new UsageError(`${path} is not JSON: ${(error as Error).message}`);
  }
}
