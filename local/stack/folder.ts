import { existsSync, readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
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

/** The folder cannot hold a stack's data. */
export class FolderUnusable extends Error {
  override name = "FolderUnusable";
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
  keepPrivate(closing);
  const lock = await claimFolder(path).catch((cause) => {
    throw new FolderUnusable(`${path} cannot hold the data: ${cause.message}`, { cause });
  });
  closing.add(() => lock.close());
  if (!await lock.tryLock(true)) {
    throw new FolderInUse(`another stack is running on the data in ${path}`);
  }
  const [postgres, objects, logs] = ["postgres", "objects", "logs"].map((name) => join(path, name));
  await endOrphan(postgres); // a killed start may have left one
  return { postgres, objects, logs, keys: keysFile(path) };
}

/** Until the end, all that this process and its children create is for their user alone. */
function keepPrivate(closing: Closing): void {
  if (Deno.build.os === "windows") return;
  const before = Deno.umask(0o077);
  closing.add(() => void Deno.umask(before));
}

async function claimFolder(path: string): Promise<Deno.FsFile> {
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  // It may have been there before. One that has other things in it, like `/tmp`, stays as it is.
  const names = readdirSync(path);
  const isOwn = names.length === 0 || names.includes(basename(keysFile(path)));
  if (isOwn && Deno.build.os !== "windows") await Deno.chmod(path, 0o700);
  return await Deno.open(join(path, "lock"), { create: true, write: true, mode: 0o600 });
}

/**
 * Deletes the data of a stack in a folder, and keeps its keys.
 *
 * @throws FolderUnusable when what would be deleted is not a stack's
 */
export async function clearFolder(path: string): Promise<void> {
  const paths = ["postgres", "objects", "logs"].map((name) => join(path, name));
  const found = [...paths, simulatorMemory(path)].filter((each) => existsSync(each));
  if (found.length > 0 && !hasKeys(path)) {
    const names = found.map((each) => basename(each)).join(", ");
    throw new FolderUnusable(
      `${path} has no keys of a stack, so its ${names} may not be a stack's`,
    );
  }
  for (const each of found) await rm(each, { recursive: true, force: true });
}

function hasKeys(path: string): boolean {
  try {
    return typeof JSON.parse(readFileSync(keysFile(path), "utf8")).secretKey === "string";
  } catch {
    return false;
  }
}

function keysFile(path: string): string {
  return join(path, "keys.json");
}
