// @ts-check
/** The steps of a job in the order of their times, from its columns and its history. */

import { clock, count, dollars } from "../lib/text.js";

/** @typedef {{ at: string, name: string, detail?: string, after?: number }} Step after: seconds since the step before */

/** @param {any} job a row of the ledger @returns {Step[]} */
export function stepsOf(job) {
  /** @type {Step[]} */
  const steps = [];
  /** @param {string | null} at @param {string} name @param {string} [detail] */
  const add = (at, name, detail) => void (at && steps.push({ at, name, detail }));
  add(job.enqueued_at, "Sent");
  for (const { at, event, ...details } of job.history ?? []) {
    add(at, sentence(event ?? "error"), wordsOf(details));
  }
  add(job.started_at, "Claimed by a worker");
  add(job.submitted_at, "Accepted by Google");
  add(job.chosen_at, "Chosen as the current version");
  add(
    job.finished_at,
    sentence(job.status),
    job.status === "succeeded" ? undefined : job.error_message ?? undefined,
  );
  steps.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  return steps.map((step, index) =>
    index === 0
      ? step
      : { ...step, after: (Date.parse(step.at) - Date.parse(steps[index - 1].at)) / 1000 }
  );
}

/** The details of the history that have words of their own. @type {Record<string, (value: any) => string>} */
const WORDS = {
  attempt: (number) => `attempt ${number}`,
  attempts: (number) => `after ${count(number, "attempt")}`,
  counted: (isCounted) => isCounted ? "which counts" : "which does not count",
  model: (name) => `by ${name}`,
  waits_for: (name) => `waits for ${name}`,
  spent_usd: (amount) => `${dollars(amount)} spent`,
  operation: (operation) => `operation ${operation?.name ?? JSON.stringify(operation)}`,
  submitted_at: (time) => `submitted at ${clock(time, Date.now())}`,
  finished_at: (time) => `had ended at ${clock(time, Date.now())}`,
};

/** @param {Record<string, unknown>} details */
function wordsOf({ error_code, error_message, ...details }) {
  const error = [error_code, error_message].filter(Boolean).join(": ");
  const others = Object.entries(details).map(([name, value]) =>
    WORDS[name]?.(value) ??
      `${name.replaceAll("_", " ")}: ${typeof value === "object" ? JSON.stringify(value) : value}`
  );
  return [error, ...others].filter(Boolean).join(", ");
}

/** @param {string} name */
function sentence(name) {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
