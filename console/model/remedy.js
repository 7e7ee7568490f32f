// @ts-check
/** What can be done about a job that has failed, for the console and for the command line's doctor. */

/** The same message fails again, unless the models of the workers change. */
const HOPELESS = ["invalid_message", "model_rejected_request"];
/** A change of the message helps, and another try may. */
const CHANGEABLE = ["content_blocked", "no_image", "no_video", "source_image_unusable"];

/** How a file comes to where the worker may fetch it. */
export const UPLOAD = "the console stores what is dropped on a scene";

/** @type {Record<string, string>} */
const ADVICE = {
  source_image_unusable:
    `Expected a PNG, JPEG, WebP, HEIC or HEIF of at most 20 MB on a public host or in Storage: ${UPLOAD}.`,
};

/** What a sender can do, in words; empty where the error says it. @param {string | null | undefined} code of its error */
export function adviceOf(code) {
  return ADVICE[code ?? ""] ?? "";
}

/**
 * @param {string | null | undefined} code of its error
 * @returns {{ change: boolean, retry: boolean }} whether to change the message, and whether another try is worth it
 */
export function remediesOf(code) {
  const hopeless = HOPELESS.includes(code ?? "");
  return { change: hopeless || CHANGEABLE.includes(code ?? ""), retry: !hopeless };
}
