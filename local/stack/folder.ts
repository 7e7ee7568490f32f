import { join } from "node:path";
import { endOrphan } from "../database/server.ts";
import type { Closing } from "./closing.ts";

/** Where a stack keeps what it must remember. */
export interface DataFolder {
  postgres: string;
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

/** The folder of a stack, held for this process alone. Without a path it is a temporary one. */
export async function openFolder(
  path: string | undefined,
  closing: Closing,
): Promise<DataFolder> {
  if (path === undefined) {
    const folder = await Deno.makeTempDir({ prefix: "stack-" });
    closing.add(() => Deno.remove(folder, { recursive: true }));
    return { postgres: join(folder, "postgres"), objects: join(folder, "objects") };
  }
  await Deno.mkdir(path, { recursive: true });
  const lock = await Deno.open(join(path, "lock"), { create: true, write: true });
  closing.add(() => lock.close());
  if (!await lock.tryLock(true)) {
    throw new FolderInUse(`another stack is running on the data in ${path}`);
  }
  const [postgres, objects, logs] = ["postgres", "objects", "logs"].map((name) => join(path, name));
  await endOrphan(postgres); // of a start that was killed
  return { postgres, objects, logs, keys: join(path, "keys.json") };
}

/** Throws away what is in a folder, except the keys. */
export async function clearFolder(path: string): Promise<void> {
  for (const name of ["postgres", "objects", "logs"]) await removeIfThere(join(path, name));
  await removeIfThere(simulatorMemory(path));
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
