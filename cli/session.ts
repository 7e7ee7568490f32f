/** What the commands of the tool share. */
import type { Estimate, EstimateOptions } from "../pkg/generation_queue.js";
import { userAgent } from "../supabase/functions/_shared/user_agent.ts";
import { Api } from "./api.ts";
import type { Arguments } from "./command.ts";
import { UsageError } from "./failure.ts";
import type { Io } from "./io.ts";
import { readProject } from "./project.ts";

/** The part of the WASM core that the tool uses. The validators throw an error with `issues`. */
export interface Core {
  validateImageJob(message: unknown): unknown;
  validateVideoJob(message: unknown): unknown;
  /** The estimators throw as well what no model of the workers can do. */
  estimateImageJob(message: unknown, options: EstimateOptions): Estimate;
  estimateVideoJob(message: unknown, options: EstimateOptions): Estimate;
  /** The version of this clone. */
  version(): string;
}

export class Session {
  constructor(readonly core: Core, readonly io: Io) {}

  get userAgent(): string {
    return userAgent(this.core.version(), "queue-trigger.ts");
  }

  /** The client of the project that the environment names. @throws {UsageError} */
  api(): Api {
    const { url, key } = readProject(this.io.environment);
    return new Api(url, key, this.io.fetch, this.userAgent);
  }
}

/** The ids of jobs. */
export const jobIds: Arguments<string[]> = {
  usage: "[JOB_ID …]",
  read: (words) => {
    for (const word of words) {
      if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(word)) {
        throw new UsageError(
          `${word} is no job id: expected a UUID, as printed when a job is sent.`,
        );
      }
    }
    return [...new Set(words.map((word) => word.toLowerCase()))];
  },
};

/** The id of one job. */
export const jobId: Arguments<string> = {
  usage: "JOB_ID",
  read: (words) => {
    const [id, ...more] = jobIds.read(words);
    if (id && more.length === 0) return id;
    throw new UsageError("expected one argument, the id of a job.");
  },
};

/** A command that changes jobs takes ids, a filter, or all: exactly one of these. */
export function exactlyOne(ids: string[], chooses: boolean, all: boolean, example: string): void {
  const ways = [ids.length > 0, chooses, all].filter(Boolean).length;
  if (ways === 1) return;
  throw new UsageError(
    `expected job ids, or ${example}, or --all${ways > 1 ? ": one of them" : ""}.`,
  );
}
