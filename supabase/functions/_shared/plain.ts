/**
 * A foreign text without the characters that would move the cursor, change colours or reverse the
 * direction of writing in a terminal.
 */
export function plain(text: string): string {
  // deno-lint-ignore no-control-regex -- those are meant
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, " ");
}
