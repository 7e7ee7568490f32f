/** One function in a process of its own, among services of the test's. */
import { fileURLToPath } from "node:url";
import { denoBinary, type DenoVersion } from "../../local/stack/functions/deno_binary.ts";
import { FunctionLog } from "../../local/stack/functions/log.ts";
import { Worker } from "../../local/stack/functions/worker.ts";
import type { Services } from "./services.ts";

const ROOT = fileURLToPath(new URL("../../supabase/functions", import.meta.url));

export interface Job {
  outcome: string;
  error?: { code: string; message: string };
}

/** What a run came to, and what it took. */
export interface Run {
  jobs: Job[];
  /** The most memory that the process ever had, in bytes. */
  peak: number;
}

/** Runs a function once, with its default concurrency unless told otherwise. */
export async function run(
  services: Services,
  kind: "image" | "video",
  version: DenoVersion,
  env: Record<string, string> = {},
): Promise<Run> {
  const key = `sb_secret_${crypto.randomUUID()}`;
  const worker = new Worker({
    deno: await denoBinary(version),
    root: ROOT,
    name: `process-${kind}-generation`,
    environment: {
      SUPABASE_URL: services.url,
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: key }),
      GOOGLE_GENERATIVE_AI_API_KEY: "a-key-that-nobody-checks",
      GOOGLE_GENERATIVE_AI_BASE_URL: `${services.url}/v1beta`,
      ...env,
    },
    log: new FunctionLog(),
  });
  try {
    const response = await fetch(await worker.origin, { method: "POST", headers: { apikey: key } });
    const { jobs } = await response.json();
    return { jobs, peak: await peakMemory(worker.pid) };
  } finally {
    await worker.stop();
  }
}

/** The high-water mark of a process, as Linux keeps it. */
async function peakMemory(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
}
