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

/** Finds what any of them does, and more. */
const ANY_PATTERN = new RegExp(PATTERNS.map(([pattern]) => pattern.source).join("|"), "i");

const SECRET_NAME = /^(authorization|apikey|api[_-]?key|x-goog-api-key|cookie|password|secret)$/i;

const PLAIN_TYPES = new Set(["string", "number", "boolean", "undefined"]);

/** A JSON-like value, or a copy of it, in which nothing looks like a secret and texts are bounded. */
export type Redact = (value: unknown) => unknown;

/** A `Redact` that recognises the shapes of secrets, and the known ones literally. */
export function createRedact(known: KnownSecrets = new KnownSecrets([])): Redact {
  function text(value: string): string {
    let result = known.hide(value);
    for (const [pattern, replacement] of PATTERNS) result = result.replace(pattern, replacement);
    return result.length > LONGEST_TEXT ? `${result.slice(0, LONGEST_TEXT)}…` : result;
  }

  /**
   * Whether an object of texts and numbers has nothing to hide, as nearly all have: a line of the log, a job of the
   * report. One search in all its texts takes a fraction of one for each.
   */
  function isPlain(object: object): boolean {
    // Others may become another JSON than that of their properties.
    if (Object.getPrototypeOf(object) !== Object.prototype) return false;
    const values = Object.values(object);
    if (!values.every((value) => PLAIN_TYPES.has(typeof value))) return false;
    const texts = values.filter((value) => typeof value === "string").join("\n");
    return texts.length <= LONGEST_TEXT && !ANY_PATTERN.test(texts) &&
      known.hide(texts) === texts &&
      !Object.keys(object).some((name) => SECRET_NAME.test(name));
  }

  function redact(value: unknown, depth: number): unknown {
    if (typeof value === "string") return text(value);
    if (typeof value === "bigint") return value.toString();
    if (value instanceof Error) return text(`${value.name}: ${value.message}`);
    if (typeof value !== "object" || value === null) return value;
    if (depth >= DEEPEST) return "…";
    if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
    if (isPlain(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        name,
        SECRET_NAME.test(name) && item ? HIDDEN : redact(item, depth + 1),
      ]),
    );
  }

  return (value) => redact(value, 0);
}
