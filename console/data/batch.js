// @ts-check
/**
 * Sending a batch so that one that was interrupted can be sent again, also after the page was loaded again or the
 * text was corrected: what was sent is not sent twice.
 *
 * @import { Entry } from "../model/batch.js"
 * @import { Project } from "./project.js"
 */
import { count } from "../lib/text.js";
import { send } from "./actions.js";
import { wordsOf } from "./project.js";

/**
 * @param {Project} project
 * @param {Entry[]} entries
 * @param {(sent: number) => void} progress called before each of them
 */
export async function sendBatch(project, entries, progress) {
  // Until all are sent, it is the same batch; then the same text is another.
  const stored = `generation-queue-batch ${project.name}`;
  const batch = sessionStorage.getItem(stored) ?? crypto.randomUUID();
  sessionStorage.setItem(stored, batch);
  const keys = await keysOf(batch, entries);
  for (const [sent, { kind, message }] of entries.entries()) {
    progress(sent);
    try {
      await send(project, kind, message, keys[sent]);
    } catch (problem) {
      throw new Error(
        `${sent} of ${count(entries.length, "job")} sent. Then: ${wordsOf(problem)} ` +
          "Send the batch again: it continues where it stopped.",
      );
    }
  }
  sessionStorage.removeItem(stored);
}

/**
 * A key for each message, which does not depend on the others: they may be corrected. Of the same message twice, each
 * has its own.
 *
 * @param {string} batch
 * @param {Entry[]} entries
 */
async function keysOf(batch, entries) {
  /** @type {Map<string, number>} */
  const times = new Map();
  return await Promise.all(entries.map(({ kind, message }) => {
    const text = JSON.stringify([kind, message]);
    const time = (times.get(text) ?? 0) + 1;
    times.set(text, time);
    return digest(`${batch} ${time} ${text}`);
  }));
}

/** @param {string} text */
async function digest(text) {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
