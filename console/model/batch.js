// @ts-check
/**
 * A batch: a JSON text with many messages, in the forms that `queue-trigger.ts batch-images` and
 * `batch-videos` read, or both lists in one.
 *
 * @import { Kind } from "./types.d.ts"
 */

/** @typedef {{ label: string, kind: Kind, message: unknown }} Entry */

/**
 * @param {string} text
 * @param {{ storyboard: string, kind: Kind }} defaults storyboard: of entries and texts that name none. kind: of
 *   a bare list
 * @returns {{ entries: Entry[], fault?: string, bare?: boolean, beside?: string[] }} fault: why there are no entries. bare:
 *   it is a list that does not say what it holds. beside: what it has beside its lists, and is not read
 */
export function readBatch(text, { storyboard, kind }) {
  let content;
  try {
    content = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    return { entries: [], fault: `This is not JSON: ${/** @type {Error} */ (error).message}` };
  }
  if (Array.isArray(content)) {
    return { ...entriesOf([{ name: "", kind, list: content }], storyboard), bare: true };
  }
  const lists = /** @type {const} */ (["image", "video"])
    .map((each) => ({ name: `${each}s`, kind: each, list: content?.[`${each}s`] }))
    .filter(({ list }) => list !== undefined);
  const odd = lists.find(({ list }) => !Array.isArray(list));
  if (odd) return { entries: [], fault: `${odd.name}: expected a list.` };
  return {
    ...entriesOf(lists, content?.storyboardId ?? storyboard),
    beside: unknownBeside(content),
  };
}

/**
 * @param {{ name: string, kind: Kind, list: unknown[] }[]} lists
 * @param {string} storyboard
 */
function entriesOf(lists, storyboard) {
  const entries = lists.flatMap(({ name, kind, list }) =>
    list.map((entry, index) => ({
      label: `${name}[${index}]`,
      kind,
      message: messageOf(entry, storyboard),
    }))
  );
  if (entries.length > 0) return { entries };
  return {
    entries,
    fault: 'Expected a list of messages, or an object with a list "images" or "videos".',
  };
}

/** The fields of the messages of each queue. */
const OF_BOTH = [
  ...["storyboardId", "sceneId", "characterId", "prompt", "sourceImageUrl", "sourceImageUrls"],
  ...["model", "seed", "priority", "owner", "webhookUrl"],
];
/** @type {Record<Kind, string[]>} */
export const KNOWN_FIELDS = {
  image: [...OF_BOTH, "editMode", "aspectRatio", "imageSize"],
  video: [
    ...[...OF_BOTH, "lastFrameUrl", "referenceImageUrls", "aspectRatio", "durationSeconds"],
    ...["resolution", "generateAudio", "negativePrompt", "personGeneration"],
  ],
};

/** The fields of a text that is no bare list. */
export const KNOWN_BESIDE = ["storyboardId", "images", "videos"];

/** What a message has that no worker reads. @param {Kind} kind @param {unknown} message */
export function unknownFields(kind, message) {
  const names = typeof message === "object" && message !== null ? Object.keys(message) : [];
  return names.filter((name) => !KNOWN_FIELDS[kind].includes(name));
}

/**
 * The unknown fields of all messages, each with the messages that have it.
 *
 * @param {Entry[]} entries
 */
export function unknownIn(entries) {
  /** @type {Map<string, Entry[]>} */
  const places = new Map();
  for (const entry of entries) {
    for (const name of unknownFields(entry.kind, entry.message)) {
      places.set(name, [...places.get(name) ?? [], entry]);
    }
  }
  return places;
}

/** What a text has beside its lists, and is not read. @param {unknown} content */
export function unknownBeside(content) {
  if (typeof content !== "object" || content === null || Array.isArray(content)) return [];
  return Object.keys(content).filter((name) => !KNOWN_BESIDE.includes(name));
}

/** What is no object stays as it is: the validation says what was expected. @param {unknown} entry @param {string} storyboardId */
function messageOf(entry, storyboardId) {
  if (typeof entry === "string") return { storyboardId, prompt: entry };
  const isObject = typeof entry === "object" && entry !== null && !Array.isArray(entry);
  return isObject ? { storyboardId, ...entry } : entry;
}
