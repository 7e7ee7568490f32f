import { cstrings, join, type Message, message, readCstring } from "./messages.ts";

const COPY_FROM_STDIN = /(^|[;\n])\s*copy\s[^;]*\sfrom\s+stdin\b/i;

const REFUSAL = `do $$ begin
  raise feature_not_supported using
    message = 'COPY FROM STDIN is not available in the local stack',
    hint = 'Use insert; PGlite cannot receive rows while a statement runs.';
end $$`;

/**
 * Replaces a `copy … from stdin` by a statement that fails with an explanation. PGlite would try to
 * read the rows from its standard input and end, and the whole stack with it.
 */
export function refuseCopyIn(question: Message): Message {
  const { type, bytes } = question;
  if (type !== "Q" && type !== "P") return question;
  const name = type === "P" ? readCstring(bytes, 5) : { text: "", next: 5 };
  const query = readCstring(bytes, name.next);
  if (!COPY_FROM_STDIN.test(query.text)) return question;
  const texts = type === "P" ? cstrings(name.text, REFUSAL) : cstrings(REFUSAL);
  return { type, bytes: message(type, join(texts, bytes.subarray(query.next))) };
}
