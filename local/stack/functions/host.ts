import { existsSync } from "node:fs";
import { join } from "node:path";
import { FunctionLog } from "./log.ts";
import { Supervisor } from "./supervisor.ts";

/** A request without a response for this long is given up, as at Supabase. Milliseconds. */
const IDLE_TIMEOUT = 150_000;

export interface HostOptions {
  deno: string;
  /** The folder of the functions, if there are any. */
  root: string | false;
  environment: Record<string, string>;
  /** Logs go there as `<name>.log`. */
  logFolder?: string;
}

interface HostedFunction {
  supervisor: Supervisor;
  log: FunctionLog;
}

/** Serves every function of a folder at `/functions/v1/<name>`, each in a process of its own. */
export class FunctionsHost {
  readonly #functions = new Map<string, HostedFunction>();

  constructor(private readonly options: HostOptions) {
    const { root, logFolder } = options;
    if (root === false) return;
    for (const name of functionNames(root)) {
      const log = new FunctionLog(logFolder && join(logFolder, `${name}.log`));
      this.#functions.set(name, { supervisor: this.#start(root, name, log), log });
    }
  }

  #start(root: string, name: string, log: FunctionLog): Supervisor {
    const { deno, environment } = this.options;
    return new Supervisor({ deno, root, name, environment, log });
  }

  get names(): string[] {
    return [...this.#functions.keys()];
  }

  /** Waits until each function listens. Gives the names of those that could not be loaded. */
  async started(): Promise<string[]> {
    const broken: string[] = [];
    for (const [name, { supervisor }] of this.#functions) {
      await supervisor.origin.catch(() => broken.push(name));
    }
    return broken;
  }

  /** Starts every function again, with these variables beside the others. */
  async restart(variables: Record<string, string>): Promise<void> {
    const { root, environment } = this.options;
    Object.assign(environment, variables);
    for (const [name, { supervisor, log }] of this.#functions) {
      await supervisor.stop();
      if (root) this.#functions.set(name, { supervisor: this.#start(root, name, log), log });
    }
  }

  logs(name: string): string[] {
    return this.#functions.get(name)?.log.lines ?? [];
  }

  /** Passes a request below `/functions/v1` on. Errors have the form that Supabase gives them. */
  async handle(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const [, , , name] = url.pathname.split("/");
    const hosted = this.#functions.get(name);
    if (!hosted) return problem(404, "NOT_FOUND", "Requested function was not found");
    let origin: string;
    try {
      origin = await hosted.supervisor.origin;
    } catch {
      return problem(503, "BOOT_ERROR", "Function failed to start (please check logs)");
    }
    // A function sees its own name as the first part of the path.
    const target = origin + url.pathname.slice("/functions/v1".length) + url.search;
    const headers = new Headers(request.headers);
    // Compression is between the client and this server.
    headers.set("accept-encoding", "identity");
    headers.delete("host");
    headers.set("x-forwarded-host", url.host);
    headers.set("x-forwarded-proto", url.protocol.slice(0, -1));
    const idle = new AbortController();
    const timer = setTimeout(() => idle.abort(), IDLE_TIMEOUT);
    try {
      return await fetch(target, {
        method: request.method,
        headers,
        body: request.body,
        redirect: "manual",
        signal: idle.signal,
      });
    } catch {
      if (idle.signal.aborted) {
        return problem(504, "IDLE_TIMEOUT", "Request idle timeout limit (150s) reached");
      }
      return problem(503, "WORKER_ERROR", "Function exited due to an error (please check logs)");
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    const all = [...this.#functions.values()];
    await Promise.all(all.map(({ supervisor }) => supervisor.stop()));
    for (const { log } of all) log.close();
  }
}

function functionNames(root: string): string[] {
  return [...Deno.readDirSync(root)]
    .filter((entry) => entry.isDirectory && !entry.name.startsWith("_"))
    .map((entry) => entry.name)
    .filter((name) => existsSync(join(root, name, "index.ts")))
    .sort();
}

function problem(status: number, code: string, message: string): Response {
  return Response.json({ code, message }, { status });
}
