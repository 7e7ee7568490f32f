/**
 * PostgreSQL, its clients and pg_cron as Debian packages them, with pgmq and pgTAP beside them:
 * unpacked into the git-ignored `.tools/`, not installed, so that the machine gets no server and no
 * other user's rights are needed.
 *
 * @module
 */

import { join } from "node:path";
import { extensionFiles } from "../../local/database/extension_files.ts";
import { type Programs, programsHome } from "../../local/database/programs.ts";
import { updatePackages } from "../support/debian_packages.ts";
import type { TestServerOptions } from "../support/postgres.ts";

/** The programs, and the name of pg_cron's package. */
interface DebianPostgres extends Programs {
  name: string;
}

/** This machine cannot have it; the message says why. */
class NoDebianPostgres extends Error {
  override name = "NoDebianPostgres";
}

/**
 * Finds the packages, or downloads them with apt-get.
 *
 * @throws NoDebianPostgres
 */
async function debianPostgres(log: (line: string) => void): Promise<DebianPostgres> {
  const home = await programsHome();
  const root = join(home, "debian-postgresql");
  const found = await unpacked(root);
  if (found) return found;

  const package_ = await newestPackage();
  log(`unpacking Debian's ${package_} into ${home}`);
  const workspace = await Deno.makeTempDir({ dir: home, prefix: "unpacking-" });
  try {
    for (const file of await download(package_, workspace)) {
      await run("dpkg-deb", ["--extract", file, join(workspace, "root")]);
    }
    const extensions = join(workspace, "root/usr/share/postgresql", major(package_), "extension");
    for (const [name, text] of await extensionFiles()) {
      await Deno.writeTextFile(join(extensions, name), text);
    }
    await Deno.writeTextFile(join(workspace, "root", "package"), package_);
    await Deno.rename(join(workspace, "root"), root).catch(() => {}); // another was faster
  } finally {
    await Deno.remove(workspace, { recursive: true });
  }
  const made = await unpacked(root);
  if (!made) throw new NoDebianPostgres(`${package_} holds no pg_cron`);
  return made;
}

async function unpacked(root: string): Promise<DebianPostgres | undefined> {
  const name = await Deno.readTextFile(join(root, "package")).catch(() => undefined);
  if (name === undefined) return undefined;
  const machine = Deno.build.arch === "aarch64" ? "aarch64" : "x86_64";
  const libraries = [`usr/lib/${machine}-linux-gnu`, `lib/${machine}-linux-gnu`];
  return {
    bin: join(root, `usr/lib/postgresql/${major(name)}/bin`),
    env: { LD_LIBRARY_PATH: libraries.map((folder) => join(root, folder)).join(":") },
    name,
  };
}

/** PostgreSQL's major version in the name of a package. */
function major(package_: string): string {
  return /\d+/.exec(package_)![0];
}

/** The name of pg_cron's package for the newest PostgreSQL that this Debian has. */
async function newestPackage(): Promise<string> {
  const names = async () => {
    const known = await run("apt-cache", ["pkgnames", "postgresql-"]);
    return known.match(/^postgresql-\d+-cron$/gm) ?? [];
  };
  let packages = await names();
  if (packages.length === 0 && Deno.uid() === 0) {
    await updatePackages(); // a fresh image knows none
    packages = await names();
  }
  if (packages.length === 0) throw new NoDebianPostgres("apt knows no package of pg_cron");
  return packages.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1)!;
}

/** Downloads pg_cron, its server, its clients, and the libraries that the machine lacks. Gives the files. */
async function download(package_: string, folder: string): Promise<string[]> {
  await Deno.mkdir(join(folder, "partial"));
  await run("apt-get", [
    "install",
    "--download-only",
    "--yes",
    "-qq",
    "--no-install-recommends",
    // Nothing is installed, so no lock is needed; only root could take it.
    "-o=Debug::NoLocking=1",
    `-o=Dir::Cache::archives=${folder}`,
    "-o=Dir::Cache::pkgcache=",
    "-o=Dir::Cache::srcpkgcache=",
    package_,
  ]);
  // The server may be installed, and then is not among them.
  const server = `postgresql-${major(package_)}`;
  const client = `postgresql-client-${major(package_)}`;
  await run("apt-get", ["download", "-qq", package_, server, client], folder);
  return [...Deno.readDirSync(folder)]
    .map(({ name }) => name)
    // LLVM is for compiling queries, which is not what is tested.
    .filter((name) => /^(postgresql-(client-)?\d|lib(?!llvm)).*\.deb$/.test(name))
    .map((name) => join(folder, name));
}

async function run(program: string, args: string[], cwd?: string): Promise<string> {
  let output;
  try {
    output = await new Deno.Command(program, { args, cwd, stdin: "null" }).output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new NoDebianPostgres(`here is no ${program}`);
    throw error;
  }
  const { success, stdout, stderr } = output;
  if (success) return new TextDecoder().decode(stdout);
  const reason = new TextDecoder().decode(stderr).trim();
  throw new NoDebianPostgres(`${program} ${args[0]}: ${reason}`);
}

/** The programs, or why this machine cannot have them. */
const found = await debianPostgres(console.log).catch((error) => {
  if (error instanceof NoDebianPostgres) return error;
  throw error;
});

/** Undefined where this machine cannot have it: npm's server runs instead, without pg_cron. */
export const debian = found instanceof NoDebianPostgres ? undefined : found;

/** What the name of a test says about its scheduler. */
export const scheduler = found instanceof NoDebianPostgres
  ? `a stand-in for pg_cron (${found.message.split("\n")[0]})`
  : `Debian's ${found.name}`;

/** A server for tests of the schedule, whose first database has pg_cron where it can be had. */
export const PG_CRON: TestServerOptions = debian
  ? {
    programs: debian,
    settings: {
      "shared_preload_libraries": "pg_cron",
      "cron.database_name": "project_1",
      "cron.host": "127.0.0.1",
      "jit": "off",
    },
  }
  : { major: 15 };
