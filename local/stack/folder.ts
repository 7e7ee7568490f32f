import { rm } from "node:fs/promises";
import { join } from "node:path";
import { endOrphan } from "../database/server.ts";
import type { Closing } from "./closing.ts";

/** The paths of a stack's data. */
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

/** Another stack uses the same data. */
export class FolderInUse extends Error {
  override name = "FolderInUse";
}

/** Opens the folder of a stack and locks it for this process. Without a path it is temporary. */
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
  await endOrphan(postgres); // a killed start may have left one
  return { postgres, objects, logs, keys: join(path, "keys.json") };
}

/** Deletes everything in a folder except the keys. */
export async function clearFolder(path: string): Promise<void> {
  const folders = ["postgres", "objects", "logs"].map((name) => join(path, name));
  for (const each of [...folders, simulatorMemory(path)]) {
    await rm(each, { recursive: true, force: true });
  }
}
