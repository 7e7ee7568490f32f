/** A function whose cost is measured: the product's or a peer's, in a process of its own. */
import { denoBinary, type DenoVersion } from "../../local/stack/functions/deno_binary.ts";
import { FunctionLog } from "../../local/stack/functions/log.ts";
import { Worker } from "../../local/stack/functions/worker.ts";
import { cpuTime, peakMemory } from "../../tests/support/process_usage.ts";
import { bundledPeer, ROOT } from "./programs.ts";
import type { StandIn } from "./stand_in.ts";

/** From the most to the least that is done; the last is the floor. */
export const SUBJECTS = ["product", "fetch", "sdk", "pipe"] as const;
export type SubjectName = typeof SUBJECTS[number];

/** The versions of Deno that functions run on, and on which they will. */
export const VERSIONS: DenoVersion[] = ["2.1.4", "current"];

const KEY = "sb_secret_of_a_benchmark";

export interface SubjectOptions {
  name: SubjectName;
  version: DenoVersion;
  kind: "image" | "video";
  standIn: StandIn;
  /** Jobs at a time. Default: five images, one video. */
  concurrency?: number;
}

/** What a run answers, as far as it is read. */
interface Report {
  stopped: string;
  succeeded: number;
  failed: number;
}

export class Subject implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #log: FunctionLog;
  readonly #origin: string;

  private constructor(worker: Worker, log: FunctionLog, origin: string) {
    [this.#worker, this.#log, this.#origin] = [worker, log, origin];
  }

  /** Starts the process; it listens when this resolves. */
  static async start(options: SubjectOptions): Promise<Subject> {
    const log = new FunctionLog();
    const { name, kind } = options;
    const worker = new Worker({
      deno: await denoBinary(options.version, console.error),
      ...(name === "product"
        ? { root: `${ROOT}supabase/functions`, name: `process-${kind}-generation` }
        : { root: await rootOf(name), name }),
      environment: environment(options),
      log,
    });
    return new Subject(worker, log, await worker.origin);
  }

  /** Calls the function until the queue is empty. Gives how many jobs succeeded. */
  async drain(): Promise<number> {
    let succeeded = 0;
    while (true) {
      const report = await this.#run();
      succeeded += report.succeeded;
      if (report.stopped === "empty") return succeeded;
    }
  }

  async #run(): Promise<Report> {
    const response = await fetch(this.#origin, { method: "POST", headers: { apikey: KEY } });
    const report = await response.json();
    if (response.ok && report.failed === 0) return report;
    throw new Error([JSON.stringify(report), ...this.#log.lines].join("\n").slice(0, 4000));
  }

  /** CPU time of all threads, in milliseconds. */
  get cpu(): number {
    return cpuTime(this.#worker.pid).all;
  }

  /** Peak memory in bytes. */
  get peak(): number {
    return peakMemory(this.#worker.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.stop();
  }
}

let bundled: Promise<string> | undefined;

async function rootOf(peer: SubjectName): Promise<string> {
  return peer === "sdk" ? await (bundled ??= bundledPeer(peer)) : `${ROOT}benches/peers`;
}

function environment({ kind, standIn, concurrency }: SubjectOptions): Record<string, string> {
  const inHand = String(concurrency ?? (kind === "image" ? 5 : 1));
  return {
    SUPABASE_URL: standIn.url,
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: KEY }),
    GOOGLE_GENERATIVE_AI_API_KEY: "a-key-that-is-not-checked",
    GOOGLE_GENERATIVE_AI_BASE_URL: `${standIn.url}/v1beta`,
    IMAGE_MODELS: "gemini-2.5-flash-image",
    VIDEO_MODELS: "veo-3.1-fast-generate-preview",
    IMAGE_CONCURRENCY: inHand,
    VIDEO_CONCURRENCY: inHand,
    // What the peers read instead.
    KIND: kind,
    CONCURRENCY: inHand,
  };
}
