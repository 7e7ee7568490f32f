/**
 * The WASM core as the functions use it. Its types come from `pkg/`, which gets them from Rust;
 * `index.ts` of each function passes the core itself, so that a test can pass one of its own.
 */
import type {
  ImageAdapters,
  JobReport as CoreJobReport,
  LogEntry as CoreLogEntry,
  RunOptions,
  RunReport as CoreRunReport,
  VideoAdapters,
} from "../../../pkg/generation_queue.js";

import type { Standing } from "./standing.ts";

export type {
  Adapter,
  ImageAdapters,
  RunOptions,
  RunReport as CompleteRunReport,
  VideoAdapters,
} from "../../../pkg/generation_queue.js";

/** A log entry of the core or of the function around it, with any value as detail. */
export type LogEntry = Omit<CoreLogEntry, "detail"> & { detail?: unknown };

/** The report of one job: what the functions read of it; the rest is passed on. */
export type JobReport = Pick<
  CoreJobReport,
  "jobId" | "msgId" | "outcome" | "error" | "sceneId" | "characterId" | "url"
>;

/** The report of a run, likewise. */
export type RunReport =
  & Pick<
    CoreRunReport,
    | "queue"
    | "stopped"
    | "claimed"
    | "succeeded"
    | "failed"
    | "retrying"
    | "waiting"
    | "error"
  >
  & { jobs: JobReport[]; standing?: Standing[] };

/** The core as the image function uses it. */
export interface ImageCore {
  processImages(adapters: ImageAdapters, options: RunOptions): Promise<RunReport>;
  version(): string;
}

/** The core as the video function uses it. */
export interface VideoCore extends ImageCore {
  processVideos(adapters: VideoAdapters, options: RunOptions): Promise<RunReport>;
}
