/**
 * What the functions need of the WASM core (`pkg/generation_queue.js`), as types.
 *
 * They are written down here, beside the code that relies on them, so that everything in this
 * folder compiles and is tested with a core of the test's own. `index.ts` of each function passes
 * the real one, and the type checker then compares it with these.
 */

/** One door to the outside. `url` has no trailing slash; `fetch` adds the credentials. */
export interface Adapter {
  url: string;
  fetch(request: Request): Promise<Response>;
}

/** The doors of an image run. */
export interface ImageAdapters {
  pgmq: Adapter;
  gemini: Adapter;
  storage: Adapter;
  /** Source images from anywhere: its `url` is empty, it never carries a credential. */
  source: Adapter;
}

/** The doors of a video run. */
export interface VideoAdapters {
  pgmq: Adapter;
  veo: Adapter;
  storage: Adapter;
  source: Adapter;
}

/** One thing that the core has to say. */
export interface LogEntry {
  level: "debug" | "info" | "warn" | "error";
  message: string;
  jobId?: string;
  msgId?: number;
  code?: string;
  detail?: unknown;
}

/** How a run goes about its work. */
export interface RunOptions {
  /** Model ids in order of preference. */
  models: string[];
  /** Jobs at a time. */
  concurrency: number;
  /** Seconds during which the run takes new work. */
  budgetSeconds: number;
  /** Attempts after which a job has failed. */
  maxAttempts: number;
  /** The run ends after this many jobs; without it, when the queue is empty. */
  maxJobs?: number;
  /** Hosts that `sourceImageUrl` may name; without it, any public host. */
  sourceImageHosts?: string[];
  /** Where the public reads storage, when that is not the storage adapter's `url`. */
  publicStorageUrl?: string;
  log?: (entry: LogEntry) => void;
  /** Aborted when the worker is about to be stopped: jobs not begun are given back. */
  signal?: AbortSignal;
}

/** What became of one job in this run. */
export interface JobReport {
  jobId: string;
  msgId: number;
  outcome: "succeeded" | "failed" | "retrying" | "waiting" | "lost";
  error?: { code: string; message: string };
}

/** What a run did. The functions read these few fields and pass the rest on. */
export interface RunReport {
  queue: string;
  stopped: "empty" | "budget" | "max_jobs" | "shutdown" | "provider_refused" | "unavailable";
  succeeded: number;
  failed: number;
  retrying: number;
  waiting: number;
  jobs: JobReport[];
  /** Set when `stopped` is `unavailable`. */
  error?: { code: string; message: string };
}

/** The core as the image function uses it. */
export interface ImageCore {
  processImages(adapters: ImageAdapters, options: RunOptions): Promise<RunReport>;
  version(): string;
}

/** The core as the video function uses it. */
export interface VideoCore {
  processVideos(adapters: VideoAdapters, options: RunOptions): Promise<RunReport>;
  version(): string;
}
