// @ts-check
/**
 * The form of a job as a message. A mode says which fields count: what was typed for another mode stays in the
 * form and is not sent.
 *
 * @import { Kind } from "./types.d.ts"
 */

/** @typedef {"image" | "edit" | "video" | "animate"} Mode */

/** @type {Record<Mode, { kind: Kind, name: string, about: string, fields: string[] }>} */
export const MODES = {
  image: {
    kind: "image",
    name: "Image",
    about: "An image from a text.",
    fields: ["aspectRatio", "imageSize", "model", "seed", "priority"],
  },
  edit: {
    kind: "image",
    name: "Edit",
    about:
      "A changed image: say what is to be different. Several sources can be named in their order.",
    fields: ["sourceImageUrls", "aspectRatio", "imageSize", "model", "seed", "priority"],
  },
  video: {
    kind: "video",
    name: "Video",
    about: "A video from a text, or with people and things from reference images.",
    fields: [
      ...["referenceImageUrls", "aspectRatio", "durationSeconds", "resolution", "generateAudio"],
      ...["negativePrompt", "personGeneration", "model", "seed", "priority"],
    ],
  },
  animate: {
    kind: "video",
    name: "Animate",
    about: "A video that begins with an image, and may end with another.",
    fields: [
      ...["sourceImageUrl", "lastFrameUrl", "aspectRatio", "durationSeconds", "resolution"],
      ...["generateAudio", "negativePrompt", "personGeneration", "model", "seed", "priority"],
    ],
  },
};

/** Fields whose text is one address a line. */
const LISTS = ["sourceImageUrls", "referenceImageUrls"];
const NUMBERS = ["seed", "priority"];

/**
 * A message as a form has it.
 *
 * @typedef {object} Draft
 * @property {Mode} mode
 * @property {Record<string, string>} fields the texts of the form's fields
 * @property {Record<string, unknown>} [rest] what the message has beside them, such as its owner
 */

/** @typedef {{ storyboard: string, slot: string, id: string }} Target */

/**
 * @param {Draft & { storyboardId: string, slot: string, id: string }} draft
 * @returns {Record<string, unknown>}
 */
export function messageOf({ mode, storyboardId, slot, id, fields, rest }) {
  /** @type {Record<string, unknown>} */
  const message = { ...rest, storyboardId, prompt: fields.prompt ?? "" };
  if (slot === "scene") message.sceneId = id;
  if (slot === "character") message.characterId = id;
  if (mode === "edit") message.editMode = true;
  for (const field of MODES[mode].fields) {
    const text = (fields[field] ?? "").trim();
    if (text !== "") message[field] = valueOf(field, text);
  }
  return message;
}

/** What is no number stays a text: the validation says what was expected. @param {string} field @param {string} text */
function valueOf(field, text) {
  if (LISTS.includes(field)) return text.split(/\s+/);
  if (field === "generateAudio") return text === "true";
  if (NUMBERS.includes(field) && !Number.isNaN(Number(text))) return Number(text);
  return text;
}

/**
 * The form that sends a message like the one of a job, whatever is wrong with it.
 *
 * @param {{ kind: Kind, message: unknown, prompt?: string | null }} job
 * @returns {{ target: Target, draft: Draft }}
 */
export function draftOf({ kind, message, prompt }) {
  const isObject = typeof message === "object" && message !== null && !Array.isArray(message);
  // For the workers, null is the same as a field that is left out.
  const given = Object.entries(isObject ? message : {}).filter(([, value]) => value !== null);
  const { storyboardId, sceneId, characterId, prompt: words, ...others } =
    /** @type {Record<string, unknown>} */ (Object.fromEntries(given));
  const mode = modeOf(kind, others);
  /** @type {Record<string, string>} */
  const fields = { prompt: textOf(words ?? prompt ?? "") };
  const inForm = (/** @type {string} */ name) => MODES[mode].fields.includes(name);
  /** @type {Record<string, unknown>} */
  const rest = Object.fromEntries(
    Object.entries(others).filter(([name]) =>
      !inForm(name) && (name !== "editMode" || mode !== "edit")
    ),
  );
  for (const [name, value] of Object.entries(others)) {
    if (inForm(name)) fields[name] = textOf(value);
  }
  const slot = sceneId !== undefined ? "scene" : characterId !== undefined ? "character" : "none";
  if (slot === "scene" && characterId !== undefined) rest.characterId = characterId;
  moveSource(mode, fields, rest);
  const id = textOf(sceneId ?? characterId ?? "");
  return {
    target: { storyboard: textOf(storyboardId ?? ""), slot, id },
    draft: { mode, fields, rest },
  };
}

/** @param {Kind} kind @param {Record<string, unknown>} message @returns {Mode} */
function modeOf(kind, { editMode, sourceImageUrl, sourceImageUrls }) {
  if (kind === "image") return editMode === true ? "edit" : "image";
  return sourceImageUrl ?? sourceImageUrls ? "animate" : "video";
}

/** One source has two names, and a mode of the form has one of them. @param {Mode} mode @param {Record<string, string>} fields @param {Record<string, unknown>} rest */
function moveSource(mode, fields, rest) {
  const names = ["sourceImageUrl", "sourceImageUrls"];
  const [from, to] = mode === "edit" ? names : names.toReversed();
  if (!MODES[mode].fields.includes(to) || rest[from] === undefined || fields[to]) return;
  fields[to] = textOf(rest[from]);
  delete rest[from];
}

/** @param {unknown} value @returns {string} */
function textOf(value) {
  if (Array.isArray(value)) return value.map(textOf).join("\n");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
