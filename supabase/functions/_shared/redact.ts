/**
 * Removes secrets from logs and answers.
 *
 * The core never sees a key, but replies of services and pasted URLs may hold one, and a log is
 * read by more people than a secret store.
 */
import { KnownSecrets } from "./known_secrets.ts";

const HIDDEN = "[redacted]";

/** Longer texts are cut: log collectors limit the length of a line. */
const LONGEST_TEXT = 4000;
const DEEPEST = 8;

const PATTERNS: [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(-----END [A-Z ]*PRIVATE KEY-----)?/g, HIDDEN],
  [/\bsb(?:p|_secret|_publishable)_[\w-]+/g, HIDDEN],
  [/\b(?:AIza|AQ\.|ya29\.)[\w.-]{16,}/g, HIDDEN],
  [/\beyJ[\w-]{4,}\.[\w-]{4,}(?:\.[\w-]*)?/g, HIDDEN],
  [/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${HIDDEN}`],
  // Signed URLs of Supabase (token), Google (X-Goog-Signature), S3 (X-Amz-…) and Azure (sig).
  [
    /([?&](?:[\w-]*token|[\w-]*signature|[\w-]*credential|api[_-]?key|apikey|key|sig|secret)=)[^&\s"'<>]+/gi,
    `$1${HIDDEN}`,
  ],
  [/(\bhttps?:\/\/)[^\s/@"']+@/gi, `$1${HIDDEN}@`],
];

const SECRET_NAME = /^(authorization|apikey|api[_-]?key|x-goog-api-key|cookie|password|secret)$/i;

/** A copy of a JSON-like value in which nothing looks like a secret and texts are bounded. */
export type Redact = (value: unknown) => unknown;

/** A `Redact` that recognises the shapes of secrets, and the known ones literally. */
export function createRedact(known: KnownSecrets = new KnownSecrets([])): Redact {
  function text(value: string): string {
    let result = known.hide(value);
    for (const [pattern, replacement] of PATTERNS) result = result.replace(pattern, replacement);
    return result.length > LONGEST_TEXT ? `${result.slice(0, LONGEST_TEXT)}…` : result;
  }

  function redact(value: unknown, depth: number): unknown {
    if (typeof value === "string") return text(value);
    if (typeof value === "bigint") return value.toString();
    if (value instanceof Error) return text(`${value.name}: ${value.message}`);
    if (typeof value !== "object" || value === null) return value;
    if (depth >= DEEPEST) return "…";
    if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        name,
        SECRET_NAME.test(name) && item ? HIDDEN : redact(item, depth + 1),
      ]),
    );
  }

  return (value) => redact(value, 0);
}
