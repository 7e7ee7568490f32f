/** What the checks share. */
import type { Api } from "../api.ts";
import type { Clock } from "./clock.ts";

export interface Context {
  api: Api;
  clock: Clock;
  /** The public keys that the environment names. */
  publicKeys: string[];
  /** The version of this clone. */
  version: string;
  /** The functions that have turned out to be deployed and configured. */
  functions: Set<string>;
  /** By kind, the models that the functions leave out for lack of credentials, in words. */
  leftOut: Map<string, string[]>;
}

export const QUEUES = ["image_generation_queue", "video_generation_queue"];

/** The functions, with the variable that names their models. */
export const FUNCTIONS = [
  { name: "process-image-generation", kind: "image", models: "IMAGE_MODELS" },
  { name: "process-video-generation", kind: "video", models: "VIDEO_MODELS" },
];

/** Runs all migrations again, in one transaction, so that no call meets a half of them. */
export const RUN_MIGRATIONS_AGAIN =
  `printf '\\\\i %s\\n' supabase/migrations/*.sql | psql "$DATABASE_URL" --set ON_ERROR_STOP=1 ` +
  `--single-transaction --file -`;

/** The command that works on a queue. */
export function processQueue(queue: unknown): string {
  return `./process-queue.sh ${String(queue).startsWith("video") ? "videos" : "images"}`;
}

/** `1 job`, `7 jobs`, `100 or more jobs`: `limit` is the most that the request asked for. */
export function countOf(rows: unknown[], what: string, limit = Infinity): string {
  if (rows.length === 1) return `1 ${what}`;
  return `${rows.length === limit ? `${limit} or more` : rows.length} ${what}s`;
}
