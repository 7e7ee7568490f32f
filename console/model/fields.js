// @ts-check
/** The fields of a message as a form has them. */

/**
 * @typedef {object} Field
 * @property {string} label
 * @property {string} [help] what it does, and which models accept it
 * @property {"text" | "list" | "url"} [kind] long text; addresses, one a line; one address
 * @property {Record<string, string>} [options] the values of which those are offered that a model makes; the empty one
 *   is the default
 */

/**
 * @param {string} otherwise what the empty value stands for
 * @param {string[]} values
 * @returns {Record<string, string>}
 */
export function choice(otherwise, values) {
  return { "": otherwise, ...Object.fromEntries(values.map((value) => [value, value])) };
}

const SHAPES = [
  "1:1",
  "2:3",
  "3:2",
  "3:4",
  "4:3",
  "4:5",
  "5:4",
  "9:16",
  "16:9",
  "21:9",
  "1:4",
  "4:1",
  "1:8",
  "8:1",
];

/** @type {Record<string, Field>} */
export const FIELDS = {
  prompt: { label: "Prompt", kind: "text" },
  sourceImageUrls: {
    label: "Source images",
    kind: "list",
    help: "One address a line; the prompt may speak of them in this order.",
  },
  referenceImageUrls: {
    label: "Reference images",
    kind: "list",
    help: "What people, things and places look like. Veo takes three, Omni six.",
  },
  sourceImageUrl: { label: "First frame", kind: "url" },
  lastFrameUrl: {
    label: "Last frame",
    kind: "url",
    help: "Optional, and only with a first frame.",
  },
  aspectRatio: { label: "Shape", options: choice("Default", SHAPES) },
  imageSize: {
    label: "Size",
    options: choice("1K", ["512", "2K", "4K"]),
    help: "Not every model makes every size. The price depends on it.",
  },
  durationSeconds: {
    label: "Seconds",
    options: choice("8", ["3", "4", "5", "6", "7", "9", "10", "11", "12", "13", "14", "15"]),
    help: "Veo makes 4, 6 or 8.",
  },
  resolution: { label: "Resolution", options: choice("720p", ["360p", "1080p", "4k"]) },
  generateAudio: {
    label: "Sound",
    options: { "": "As the model likes", true: "With sound", false: "Silent" },
    help: "Only Veo on Vertex AI can be silent.",
  },
  negativePrompt: { label: "What to avoid", help: "Veo only. For others, say it in the prompt." },
  personGeneration: {
    label: "People",
    options: { "": "Default", allow_all: "All", allow_adult: "Adults", dont_allow: "None" },
    help: "Veo only.",
  },
  model: {
    label: "Model",
    help: "A job waits for the model that is chosen here; otherwise another may take over.",
  },
  seed: { label: "Seed", help: "The same number gives about the same result." },
  priority: { label: "Priority", help: "-100 to 100. Higher ones are taken first." },
};
