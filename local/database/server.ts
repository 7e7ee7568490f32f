/**
 * A PostgreSQL server as a child process that does not outlive this one. If root starts it, it runs
 * as the owner of its data, because PostgreSQL refuses to run as root.
 *
 * @module
 */

import { join } from "node:path";
import { type Programs, STARTED_BY_ROOT } from "./programs.ts";

/** The unprivileged user that owns data created by root. */
const UNPRIVILEGED = 65534;

/** The working directory on Linux, by a name that needs no access to the folders above it. */
const HERE = "/proc/self/cwd";

/** How long a server may take to shut down before it is forced to. Milliseconds. */
const PATIENCE = 10_000;

/** Another program listens on the server's port. */
export class AddressInUse extends Error {
  override name = "AddressInUse";
}

/** How to start a server. */
export interface ServerOptions {
  programs: Programs;
  /** A folder that `createCluster` created. */
  data: string;
  /** On 127.0.0.1. Default: a free port. */
  port?: number;
  /** Settings as in `postgresql.conf`. */
  settings?: Record<string, string>;
}

/** A running server. */
export interface Server {
  port: number;
  /** Stops it: `"fast"` as an administrator does, `"immediate"` like a crash. */
  stop(how?: "fast" | "immediate"): Promise<void>;
}

/**
 * Creates the files of a server. Without a password for the superuser the server trusts every
 * connection from this machine.
 */
export async function createCluster(
  programs: Programs,
  data: string,
  { superuser = "postgres", password }: { superuser?: string; password?: string } = {},
): Promise<void> {
  // Created beside the target and renamed: an interrupted start leaves no half-made cluster.
  const unfinished = `${data}.unfinished`;
  await Deno.remove(unfinished, { recursive: true }).catch(() => {});
  await Deno.mkdir(unfinished, { recursive: true, mode: 0o700 });
  const passwordFile = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(passwordFile, password ?? "");
    if (STARTED_BY_ROOT) {
      for (const path of [unfinished, passwordFile]) {
        await Deno.chown(path, UNPRIVILEGED, UNPRIVILEGED);
      }
    }
    const authentication = password === undefined
      ? ["--auth=trust"]
      : ["--auth=scram-sha-256", `--pwfile=${passwordFile}`];
    const args = ["-U", superuser, "--encoding=UTF8", "--locale=C", "--no-sync"];
    const { success, stderr } = await new Deno.Command(
      ...run(programs, "initdb", unfinished, args.concat(authentication)),
    ).output();
    if (!success) throw new Error(`initdb failed: ${new TextDecoder().decode(stderr)}`);
  } finally {
    await Deno.remove(passwordFile);
  }
  await Deno.rename(unfinished, data);
}

/**
 * Starts a server on data that no other server uses.
 *
 * @throws AddressInUse, or an error with the server's log
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  if (options.port !== undefined) return await startOn(options.port, options);
  for (let tries = 1;; tries++) {
    try {
      return await startOn(freePort(), options);
    } catch (error) {
      // The system has given the port to another connection meanwhile.
      if (!(error instanceof AddressInUse) || tries === 5) throw error;
    }
  }
}

async function startOn(
  port: number,
  { programs, data, settings = {} }: ServerOptions,
): Promise<Server> {
  const all = { port: `${port}`, listen_addresses: "127.0.0.1", unix_socket_directories: "" };
  const args = Object.entries({ ...all, TimeZone: "UTC", ...settings })
    .flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const [shell, how] = run(programs, "postgres", data, args);
  const process = new Deno.Command(shell, {
    ...how,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  await untilReady(process.stderr.pipeThrough(new TextDecoderStream())).catch(async (error) => {
    await process.stdin.close();
    throw error;
  });
  return {
    port,
    async stop(how = "fast") {
      const overdue = setTimeout(() => unlessEnded(() => process.kill("SIGQUIT")), PATIENCE);
      unlessEnded(() => process.kill(how === "fast" ? "SIGINT" : "SIGQUIT"));
      await process.status;
      clearTimeout(overdue);
      await process.stdin.close();
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Sends a signal, or does nothing if the process has ended already. */
function unlessEnded(kill: () => void): void {
  try {
    kill();
  } catch {
    // it has
  }
}

/**
 * Stops the program that this shell becomes when standard input closes, which is when the process that
 * started it has ended, however it ended.
 */
const GUARD = `exec 3<&0 </dev/null
( (cat; kill -INT $$) <&3 3<&- >/dev/null 2>&1 & )
exec 3<&-`;

/** Enters the folder as root: the other user may have no access to the folders above it. */
const RUN = `cd "$1" && shift && exec "$@"`;

/** The command that runs a program on the data. */
function run(
  { bin, env }: Programs,
  name: string,
  data: string,
  args: string[],
): [string, Deno.CommandOptions] {
  const program = join(bin, name);
  if (Deno.build.os === "windows") return [program, { args: ["-D", data, ...args] }];
  const { uid, gid } = Deno.statSync(data);
  const line = STARTED_BY_ROOT
    ? ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", program, "-D", HERE]
    : [program, "-D", data];
  const script = name === "postgres" ? `${GUARD}\n${RUN}` : RUN;
  return ["/bin/sh", {
    args: ["-c", script, "sh", data, ...line, ...args],
    clearEnv: true, // variables like PGDATA and LD_LIBRARY_PATH are for other servers
    env: { PATH: Deno.env.get("PATH") ?? "", ...env },
    // Ctrl-C reaches every process of the terminal's group, but the server must end last.
    detached: true,
  }];
}

/** Reads the server's log until the server is ready, and discards the rest. */
async function untilReady(log: ReadableStream<string>): Promise<void> {
  const reader = log.getReader();
  let text = "";
  while (!text.includes("ready to accept connections")) {
    const { done, value } = await reader.read();
    if (done && text.includes("Address already in use")) throw new AddressInUse(text);
    if (done) throw new Error(`PostgreSQL did not start:\n${text}`);
    text += value;
  }
  // A full pipe would stop the server.
  const drain = async () => {
    while (!(await reader.read()).done);
  };
  drain().catch(() => {});
}

/** Stops a server that an earlier process left on the data, and removes a stale `postmaster.pid`. */
export async function endOrphan(data: string, kill = Deno.kill): Promise<void> {
  const pidFile = join(data, "postmaster.pid");
  const pid = async () => parseInt(await Deno.readTextFile(pidFile).catch(() => ""));
  const orphan = await pid();
  if (Number.isNaN(orphan)) return;
  const begun = Date.now();
  while (await pid() === orphan && await worksOn(data, orphan)) {
    if (Date.now() - begun > 2 * PATIENCE) throw new Error(`process ${orphan} still uses ${data}`);
    const signal = Date.now() - begun > PATIENCE ? "SIGQUIT" : "SIGINT";
    unlessEnded(() => kill(orphan, signal));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  // The id may belong to another process by now, which PostgreSQL would take for a server.
  await Deno.remove(pidFile).catch(() => {});
}

/** Whether a process is a server on this data. */
async function worksOn(data: string, pid: number): Promise<boolean> {
  const folder = await Deno.realPath(data);
  if (Deno.build.os === "linux") {
    return await Deno.readLink(`/proc/${pid}/cwd`).catch(() => undefined) === folder;
  }
  if (Deno.build.os === "windows") return false;
  const { stdout } = await new Deno.Command("ps", {
    args: ["-ww", "-o", "args=", "-p", `${pid}`],
  }).output();
  return new TextDecoder().decode(stdout).includes(data);
}
