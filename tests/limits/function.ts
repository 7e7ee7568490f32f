/** A function in its own process, under the Deno that Supabase hosts, with the test's services. */
import { fileURLToPath } from "node:url";
import { denoBinary } from "../../local/stack/functions/deno_binary.ts";
import { FunctionLog } from "../../local/stack/functions/log.ts";
import { Worker } from "../../local/stack/functions/worker.ts";
import { cpuTime, peakMemory } from "../support/process_usage.ts";
import { newAccount, variablesOf } from "../functions/service_account.ts";
import type { Services } from "./services.ts";

/** Videos are made by Vertex AI, whose requests are kept until they are answered. */
const ACCOUNT = variablesOf(newAccount());

const ROOT = fileURLToPath(new URL("../../supabase/functions", import.meta.url));

export interface Job {
  outcome: string;
  error?: { code: string; message: string };
}

/** The outcome of a run, and the resources that it used. */
export interface Run {
  stopped: string;
  jobs: Job[];
  /** CPU time of the function's thread, in milliseconds. */
  cpu: number;
  /** Peak memory of the process, in bytes. */
  peak: number;
}

/** A function's process, and the way to call it. */
export async function startFunction(services: Services, kind: "image" | "video") {
  const key = `sb_secret_${crypto.randomUUID()}`;
  const log = new FunctionLog();
  const worker = new Worker({
    deno: await denoBinary("2.1.4"),
    root: ROOT,
    name: `process-${kind}-generation`,
    environment: {
      SUPABASE_URL: services.url,
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: key }),
      GOOGLE_GENERATIVE_AI_API_KEY: "a-key-that-is-not-checked",
      GOOGLE_GENERATIVE_AI_BASE_URL: `${services.url}/v1beta`,
      ...ACCOUNT,
      GOOGLE_VERTEX_BASE_URL: services.url,
      GOOGLE_TOKEN_URL: `${services.url}/token`,
    },
    log,
  });
  const origin = await worker.origin;
  const call = (headers: Record<string, string> = {}) =>
    fetch(origin, { method: "POST", headers: { apikey: key, ...headers } });
  return { worker, log, call };
}

/** Runs a function once, with its default concurrency. */
export async function run(services: Services, kind: "image" | "video"): Promise<Run> {
  const { worker, call } = await startFunction(services, kind);
  try {
    const before = cpuTime(worker.pid).first;
    const { stopped, jobs } = await (await call()).json();
    const cpu = cpuTime(worker.pid).first - before;
    return { stopped, jobs, cpu, peak: peakMemory(worker.pid) };
  } finally {
    await worker.stop();
  }
}
