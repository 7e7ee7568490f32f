/** The controls of C0, C1 and of the direction of writing, and what ends a line or paragraph. */
// deno-lint-ignore no-control-regex -- those are meant
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

/**
 * A foreign text without the characters that would move the cursor, change colours, begin a line or
 * reverse the direction of writing in a terminal.
 */
export function plain(text: string): string {
  return text.replace(CONTROLS, " ");
}
