/** Checking messages with the same core that the functions run. */

/** Which queue a message is for. */
export type Kind = "image" | "video";

/** A message as it is put on the queue. */
export type Message = Record<string, unknown>;

/** One fault of a message. */
export interface Issue {
  field: string;
  expected: string;
}

/** The part of the WASM core that checks messages. Both throw an error with `issues`. */
export interface Validators {
  validateImageJob(message: unknown): unknown;
  validateVideoJob(message: unknown): unknown;
}

/** Everything that is wrong with a message; empty when it can become a job. */
export function issuesOf(core: Validators, kind: Kind, message: unknown): Issue[] {
  try {
    if (kind === "image") core.validateImageJob(message);
    else core.validateVideoJob(message);
    return [];
  } catch (error) {
    const issues = (error as { issues?: Issue[] }).issues;
    if (!Array.isArray(issues)) throw error;
    return issues;
  }
}
