/** The body of a request that starts a run: optional, and it can only narrow the run. */
import { BodyTooLong, KB, textOf } from "./bounded_body.ts";
import { MOST_BUDGET_SECONDS } from "./environment.ts";
import type { Problem } from "./problem.ts";

export interface RunRequest {
  /** 0: the caller only wants to know whether it may start runs. */
  maxJobs?: number;
  budgetSeconds?: number;
}

/** The body is two numbers; more than this is a mistake. */
const MOST_BYTES = 16 * KB;
const MOST_JOBS = 1000;

/** Reads the body; unknown fields are ignored, because schedulers add their own. */
export async function readRunRequest(request: Request): Promise<RunRequest | Problem> {
  let text;
  try {
    text = await textOf(request, MOST_BYTES);
  } catch (error) {
    if (!(error instanceof BodyTooLong)) throw error;
    return {
      status: 413,
      title: "Content Too Large",
      detail: `The body may have ${MOST_BYTES} bytes at most.`,
    };
  }
  if (text.trim() === "") return {};

  const body = parseObject(text);
  if (!body) return invalid("body", "a JSON object, or nothing");
  const { maxJobs, budgetSeconds } = body;
  if (maxJobs !== undefined && maxJobs !== 0 && !isWhole(maxJobs, MOST_JOBS)) {
    return invalid("maxJobs", `a whole number from 0 to ${MOST_JOBS}`);
  }
  if (budgetSeconds !== undefined && !isPositive(budgetSeconds, MOST_BUDGET_SECONDS)) {
    return invalid("budgetSeconds", `a number above 0 and at most ${MOST_BUDGET_SECONDS}`);
  }
  return { maxJobs: maxJobs as number | undefined, budgetSeconds };
}

/** Whether the reading ended in a problem. */
export function isProblem(result: RunRequest | Problem): result is Problem {
  return "status" in result;
}

function invalid(field: string, expected: string): Problem {
  return {
    status: 400,
    title: "Bad Request",
    detail: `${field} must be ${expected}.`,
    extensions: { errors: [{ field, expected }] },
  };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? value : undefined;
  } catch {
    return undefined;
  }
}

function isWhole(value: unknown, most: number): value is number {
  return Number.isInteger(value) && isPositive(value, most);
}

function isPositive(value: unknown, most: number): value is number {
  return typeof value === "number" && value > 0 && value <= most;
}
