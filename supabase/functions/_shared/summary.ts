/** Answers as lines for a terminal. `process-queue.sh` relies on the line that begins with `jobs:`. */
import type { RunReport } from "./core.ts";
import { lackOf, type LeftOut } from "./models.ts";
import { plain } from "./plain.ts";
import type { ModelState } from "./provider_check.ts";
import { type Standing, standingText } from "./standing.ts";

/** A line for each job, and the counts. */
export function reportText({ jobs, standing = [], ...counts }: RunReport): string {
  const lines = jobs.map(({ jobId, outcome, sceneId, characterId, url, error }) => {
    const entity = sceneId ?? characterId;
    const result = error ? `${error.code}: ${error.message}` : url ?? "";
    const job = `job ${jobId}${entity ? ` (${entity})` : ""}`;
    return plain(`${outcome.padEnd(9)}  ${job}  ${result}`).trimEnd();
  });
  lines.push(...standingText(standing).map(plain));
  const { claimed, succeeded, failed, retrying, waiting } = counts;
  lines.push(
    `jobs: ${claimed}  succeeded: ${succeeded}  failed: ${failed}  ` +
      `retrying: ${retrying}  waiting: ${waiting}`,
  );
  if (retrying + waiting > 0) lines.push("Some jobs are not finished: run this again in a while.");
  return lines.join("\n");
}

/** The health of a function. */
export interface Health {
  name: string;
  status: "ok" | "unconfigured";
  version: string;
  queue: string;
  models: string[];
  /** How long an image may take, settling it included. */
  workerLifetimeSeconds?: number;
  /** Those that cannot be used now. */
  standing?: Standing[];
  leftOut?: LeftOut[];
  missing?: string[];
  invalid?: { variable: string; expected: string }[];
}

export function healthText(health: Health): string {
  const { name, status, version, queue, models, standing = [] } = health;
  const lifetime = health.workerLifetimeSeconds;
  return [
    `${name} ${version}: ${status}`,
    `queue: ${queue}`,
    `models: ${models.join(", ") || "none"}`,
    ...(lifetime === undefined ? [] : [`a worker lives ${lifetime} s`]),
    ...standingText(standing),
    ...lacksOf(health),
  ].map(plain).join("\n");
}

/** What a function lacks, a line each. */
export function lacksOf(
  { leftOut = [], missing = [], invalid = [] }: Pick<Health, "leftOut" | "missing" | "invalid">,
): string[] {
  return [
    ...leftOut.map(({ model, ...lack }) => `left out: ${model}, without ${lackOf(lack)}`),
    ...missing.map((variable) => `${variable} is not set`),
    ...invalid.map(({ variable, expected }) => `${variable} must be ${expected}`),
  ];
}

export function modelsText(models: ModelState[]): string {
  return models.map(({ model, state, detail }) =>
    plain(`${model}: ${state.replace("_", " ")}${detail ? `, ${detail}` : ""}`)
  ).join("\n");
}
