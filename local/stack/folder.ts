import { join } from "node:path";
import type { Closing } from "./closing.ts";

/** Where a stack keeps what it must remember. */
export interface DataFolder {
  /** Undefined for a database in memory. */
  postgres?: string;
  objects: string;
  keys?: string;
  logs?: string;
}

/** Where the simulator keeps the videos that jobs in the database refer to. */
export function simulatorMemory(path: string): string {
  return join(path, "simulator.json");
}

/** Another stack works on the same data. */
export class FolderInUse extends Error {
  override name = "FolderInUse";
}

/**
 * The folder of a stack, held for this process alone: two PostgreSQL servers on the same files
 * destroy them. With `fresh` what was in it is thrown away, except the keys. Without a path, objects
 * go to a temporary folder and the rest stays in memory.
 */
export async function openFolder(
  path: string | undefined,
  fresh: boolean,
  closing: Closing,
): Promise<DataFolder> {
  if (path === undefined) {
    const objects = await Deno.makeTempDir({ prefix: "stack-" });
    closing.add(() => Deno.remove(objects, { recursive: true }));
    return { objects };
  }
  await Deno.mkdir(path, { recursive: true });
  const lock = await Deno.open(join(path, "lock"), { create: true, write: true });
  closing.add(() => lock.close());
  if (!await lock.tryLock(true)) {
    throw new FolderInUse(`another stack is running on the data in ${path}`);
  }
  const [postgres, objects, logs] = ["postgres", "objects", "logs"].map((name) => join(path, name));
  if (fresh) {
    for (const data of [postgres, objects, logs, simulatorMemory(path)]) await removeIfThere(data);
  }
  await Deno.mkdir(logs, { recursive: true });
  return { postgres, objects, logs, keys: join(path, "keys.json") };
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
