// @ts-check
/** What can be done about a job that has failed, for the console and for the command line's doctor. */

/** The same message fails again, unless the models of the workers change. */
const HOPELESS = ["invalid_message", "model_rejected_request"];
/** A change of the message helps, and another try may. */
const CHANGEABLE = ["content_blocked", "no_image", "no_video", "source_image_unusable"];

/**
 * @param {string | null | undefined} code of its error
 * @returns {{ change: boolean, retry: boolean }} whether to change the message, and whether another try is worth it
 */
export function remediesOf(code) {
  const hopeless = HOPELESS.includes(code ?? "");
  return { change: hopeless || CHANGEABLE.includes(code ?? ""), retry: !hopeless };
}
