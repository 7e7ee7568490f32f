/**
 * A PostgreSQL server as a process of this one, which it never outlives. When root starts it, it runs
 * as the owner of its data, as PostgreSQL refuses root.
 *
 * @module
 */

import { join } from "node:path";
import { type Programs, STARTED_BY_ROOT } from "./programs.ts";

/** The user nobody, to whom data belongs that root makes. */
const UNPRIVILEGED = 65534;

/** The working directory by a name that needs no right to enter the folders above it. Linux. */
const HERE = "/proc/self/cwd";

/** How long a server may take to end before it is made to. Milliseconds. */
const PATIENCE = 10_000;

/** Another program listens on the server's port. */
export class AddressInUse extends Error {
  override name = "AddressInUse";
}

/** How to start a server. */
export interface ServerOptions {
  programs: Programs;
  /** The folder that `createCluster` made. */
  data: string;
  /** On 127.0.0.1; a free one unless given. */
  port?: number;
  /** Settings as in `postgresql.conf`. */
  settings?: Record<string, string>;
}

/** A running server. */
export interface Server {
  port: number;
  /** Ends it: `"fast"` as an administrator does, `"immediate"` as a crash. */
  stop(how?: "fast" | "immediate"): Promise<void>;
}

/**
 * Makes the files of a server whose superuser is `postgres`. Without a password every connection from
 * this machine is let in.
 */
export async function createCluster(
  programs: Programs,
  data: string,
  password?: string,
): Promise<void> {
  // Made beside the target and renamed: an interrupted start leaves nothing that looks whole.
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
    const args = ["-U", "postgres", "--encoding=UTF8", "--locale=C", "--no-sync"];
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
      // Another connection of this machine was given the port meanwhile.
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
      const overdue = setTimeout(() => send(process, "SIGQUIT"), PATIENCE);
      send(process, how === "fast" ? "SIGINT" : "SIGQUIT");
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

function send(process: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    process.kill(signal);
  } catch {
    // It has ended already.
  }
}

/**
 * Stops the program that this shell becomes when standard input closes: then the process that started
 * it is gone, however that ended.
 */
const GUARD = `exec 3<&0 </dev/null
( (cat; kill -INT $$) <&3 3<&- >/dev/null 2>&1 & )
exec 3<&-`;

/** The folder is entered by root: the other user may not be allowed to enter those above it. */
const RUN = `cd "$1" && shift && exec "$@"`;

/** How to run one of the programs on the data. */
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
    // Ctrl-C reaches every process of the terminal's group. The server ends when it is told to.
    detached: true,
  }];
}

/** Reads the server's log up to the line that says it is up, and goes on reading without keeping it. */
async function untilReady(log: ReadableStream<string>): Promise<void> {
  const reader = log.getReader();
  let text = "";
  while (!text.includes("ready to accept connections")) {
    const { done, value } = await reader.read();
    if (done && text.includes("Address already in use")) throw new AddressInUse(text);
    if (done) throw new Error(`PostgreSQL did not start:\n${text}`);
    text += value;
  }
  // A pipe that nobody reads would in the end stop the server.
  const drain = async () => {
    while (!(await reader.read()).done);
  };
  drain().catch(() => {});
}

/** Ends a server that an earlier process has left on the data, and removes the note of one that is gone. */
export async function endOrphan(data: string): Promise<void> {
  const note = join(data, "postmaster.pid");
  const pid = async () => parseInt(await Deno.readTextFile(note).catch(() => ""));
  const orphan = await pid();
  if (Number.isNaN(orphan)) return;
  const begun = Date.now();
  while (await pid() === orphan && await worksOn(data, orphan)) {
    if (Date.now() - begun > 2 * PATIENCE) throw new Error(`process ${orphan} still uses ${data}`);
    Deno.kill(orphan, Date.now() - begun > PATIENCE ? "SIGQUIT" : "SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  // The number may belong to another process by now, which PostgreSQL would take for a server.
  await Deno.remove(note).catch(() => {});
}

/** Whether a process is a server on these files. */
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
