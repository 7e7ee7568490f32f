import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { injectedEnvironment } from "../../local/stack/functions/environment.ts";
import { FunctionLog } from "../../local/stack/functions/log.ts";
import { Worker } from "../../local/stack/functions/worker.ts";
import type { Stack } from "../../local/stack/mod.ts";
import { Dice } from "./dice.ts";
import type { Kind } from "./jobs.ts";
import { FaultyProxy } from "./faulty_proxy.ts";

const FUNCTIONS = fileURLToPath(new URL("../../supabase/functions", import.meta.url));

/** How long a process pauses after it found its queue empty. Milliseconds. */
const REST = 200;

/** What a run reported about a job. */
export interface Report {
  jobId: string;
  outcome: string;
}

/** A process of a function, with proxies of its own to the project and to the provider. */
export interface WorkerProcess {
  number: number;
  kind: Kind;
  worker: Worker;
  project: FaultyProxy;
  provider: FaultyProxy;
  /** When it had ended, not when it was told to. Milliseconds since the epoch. */
  endedAt?: number;
}

export interface WorkersOptions {
  stack: Stack;
  /** Where the project and the provider answer. */
  ports: { project: number; provider: number };
  simulatorKey: string;
  /** Settings of the functions. */
  env: Record<string, string>;
  seed: string;
  /** How likely each of their requests meets a fault. */
  trouble: number;
  logFolder: string;
}

/** The processes that drain the queues: the real functions, called again whenever a run is over. */
export class Workers {
  readonly all: WorkerProcess[] = [];
  readonly reports: Report[] = [];
  /** Violations that are noticed during the run. */
  readonly failures: string[] = [];
  /** The number of answers of the functions by status. */
  readonly answers: Record<number, number> = {};
  calm = false;
  readonly ends = { kill: 0, retire: 0 };
  suspensions = 0;
  readonly #asleep = new Set<WorkerProcess>();
  readonly #ending = new Map<WorkerProcess, Promise<void>>();
  readonly #driving = new Set<Promise<void>>();
  /** A port identifies a process, so it is never used again. */
  readonly #ports = new Set<number>();

  constructor(private readonly options: WorkersOptions) {}

  /** Those that have not been told to end. */
  get alive(): WorkerProcess[] {
    return this.all.filter((process) => !this.#ending.has(process));
  }

  /** Those that are neither ending nor suspended. */
  get awake(): WorkerProcess[] {
    return this.alive.filter((process) => !this.#asleep.has(process));
  }

  /** Those that have ended, with nothing in flight. */
  get gone(): WorkerProcess[] {
    return this.all.filter(({ endedAt }) => endedAt !== undefined);
  }

  processAt(port: number): WorkerProcess | undefined {
    return this.all.find(({ project, provider }) =>
      project.port === port || provider.port === port
    );
  }

  start(kind: Kind): void {
    const { stack, ports, simulatorKey, env, seed, logFolder } = this.options;
    const number = this.all.length;
    const project = this.#proxy(ports.project, `${seed}/project/${number}`);
    const provider = this.#proxy(ports.provider, `${seed}/provider/${number}`);
    const { secretKey, publishableKey } = stack;
    const keys = { secretKey, publishableKey, signingSecret: "" };
    const name = `process-${kind}-generation`;
    const log = new FunctionLog(join(logFolder, `${String(number).padStart(4, "0")}-${kind}.log`));
    const worker = new Worker({
      deno: Deno.execPath(),
      root: FUNCTIONS,
      name,
      environment: {
        ...injectedEnvironment(project.url, keys),
        SUPABASE_PUBLIC_URL: stack.url,
        GOOGLE_GENERATIVE_AI_API_KEY: simulatorKey,
        GOOGLE_GENERATIVE_AI_BASE_URL: `${provider.url}/v1beta`,
        ...env,
      },
      log,
    });
    const process: WorkerProcess = { number, kind, worker, project, provider };
    this.all.push(process);
    const driving = this.#drive(process, name).finally(() => {
      log.close();
      this.#driving.delete(driving);
    });
    this.#driving.add(driving);
  }

  /** Ends a process; returns when it is gone and nothing of it is in flight. */
  end(process: WorkerProcess, how: "kill" | "retire"): Promise<void> {
    const ending = this.#ending.get(process) ?? this.#end(process, how);
    this.#ending.set(process, ending);
    return ending;
  }

  async #end(process: WorkerProcess, how: "kill" | "retire"): Promise<void> {
    const { worker, project, provider } = process;
    this.ends[how] += 1;
    if (how === "kill") Deno.kill(worker.pid, "SIGKILL");
    else await worker.stop();
    await worker.ended;
    await Promise.all([project.close(), provider.close()]);
    process.endedAt = Date.now();
  }

  /** Suspends a process until `end`. */
  async suspend(process: WorkerProcess, end: Promise<void>): Promise<void> {
    this.suspensions += 1;
    this.#asleep.add(process);
    Deno.kill(process.worker.pid, "SIGSTOP");
    await end;
    this.#asleep.delete(process);
    if (!this.#ending.has(process)) Deno.kill(process.worker.pid, "SIGCONT");
  }

  /** Ends all processes, and waits for those that are ending already. */
  async endAll(how: "kill" | "retire"): Promise<void> {
    for (const process of this.alive) this.end(process, how);
    await Promise.all(this.#ending.values());
  }

  async close(): Promise<void> {
    await this.endAll("kill");
    await Promise.all(this.#driving);
  }

  /** Calls a function again and again for as long as its process lives. */
  async #drive(process: WorkerProcess, name: string): Promise<void> {
    const { kind, worker, number } = process;
    const leaving = () => this.#ending.has(process);
    worker.ended.then(({ code, signal }) => {
      if (!leaving()) this.failures.push(`process ${number} ended by itself: ${code} ${signal}`);
    });
    const origin = await worker.origin.catch(() => undefined);
    while (origin !== undefined && !leaving()) {
      const claimed = await this.#call(`${origin}/${name}`).catch((error) => {
        if (!leaving()) this.failures.push(`${kind} process ${number}: ${error.message}`);
        return 0;
      });
      if (claimed === 0) await new Promise((resolve) => setTimeout(resolve, REST));
    }
    await worker.ended;
  }

  async #call(url: string): Promise<number> {
    const { secretKey } = this.options.stack;
    const response = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${secretKey}` },
    });
    const text = await response.text();
    this.answers[response.status] = (this.answers[response.status] ?? 0) + 1;
    // 503: the queue could not be reached; the answer contains the report of the run.
    if (![200, 207, 503].includes(response.status)) {
      throw new Error(`answered ${response.status} ${text}`);
    }
    const answer = JSON.parse(text);
    const { jobs, claimed } = response.status === 503 ? answer.report : answer;
    this.reports.push(...jobs);
    return response.status === 503 ? 0 : claimed;
  }

  #proxy(target: number, seed: string): FaultyProxy {
    const { trouble } = this.options;
    for (;;) {
      const proxy = new FaultyProxy({
        target,
        dice: new Dice(seed),
        trouble: this.calm ? 0 : trouble,
      });
      if (!this.#ports.has(proxy.port)) {
        this.#ports.add(proxy.port);
        return proxy;
      }
      proxy.close();
    }
  }
}
