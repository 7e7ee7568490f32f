import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { eachLine, type FunctionLog } from "./log.ts";

const RUNTIME = fileURLToPath(new URL("./runtime.ts", import.meta.url));

export interface WorkerOptions {
  deno: string;
  /** The folder of all functions, usually `supabase/functions`. */
  root: string;
  name: string;
  environment: Record<string, string>;
  log: FunctionLog;
}

/** A running process of a function. */
export class Worker {
  readonly #child: Deno.ChildProcess;
  readonly #output: Promise<unknown>;
  /** Where it listens, when it does. Rejects when the process ends before that. */
  readonly origin: Promise<string>;
  /** Resolves when the process has ended, whatever the reason. */
  readonly ended: Promise<Deno.CommandStatus>;

  constructor({ deno, root, name, environment, log }: WorkerOptions) {
    const config = join(root, name, "deno.json");
    const entry = pathToFileURL(join(root, name, "index.ts")).href;
    this.#child = new Deno.Command(deno, {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        "--no-lock",
        ...(existsSync(config) ? [`--config=${config}`] : ["--no-config"]),
        "--allow-net",
        "--allow-env",
        // The functions import the compiled core, which lies beside the `supabase` folder.
        `--allow-read=${dirname(dirname(root))},${RUNTIME}`,
        RUNTIME,
        entry,
        ...Object.keys(environment),
      ],
      clearEnv: true,
      env: { ...environment, ...neededByDeno() },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const listening = Promise.withResolvers<string>();
    this.#output = Promise.all([
      eachLine(this.#child.stdout, (line) => {
        const port = /^listening on port (\d+)$/.exec(line)?.[1];
        if (port) listening.resolve(`http://127.0.0.1:${port}`);
        else log.add(line);
      }),
      eachLine(this.#child.stderr, (line) => log.add(line)),
    ]);
    this.ended = this.#child.status.then(async (status) => {
      await this.#output;
      listening.reject(new Error(`${name} ended with code ${status.code} before it listened`));
      return status;
    });
    this.origin = listening.promise;
    this.origin.catch(() => {}); // perhaps no caller waits for it
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Retires it: `beforeunload`, a short while for work in the background, the end. */
  async stop(): Promise<void> {
    await this.#child.stdin.close().catch(() => {}); // It has ended already.
    const overdue = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await this.ended;
    clearTimeout(overdue);
  }
}

/** Deno's cache is found through these; runtime.ts removes them before the function is loaded. */
function neededByDeno(): Record<string, string> {
  const needed: Record<string, string> = { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  for (const name of ["HOME", "DENO_DIR"]) {
    const value = Deno.env.get(name);
    if (value !== undefined) needed[name] = value;
  }
  return needed;
}
