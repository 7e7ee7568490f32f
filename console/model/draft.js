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
 * @param {{ mode: Mode, storyboardId: string, slot: string, id: string, fields: Record<string, string> }} draft
 * @returns {Record<string, unknown>}
 */
export function messageOf({ mode, storyboardId, slot, id, fields }) {
  /** @type {Record<string, unknown>} */
  const message = { storyboardId, prompt: fields.prompt ?? "" };
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
