/** Recognises what stands in examples where a key belongs. Such a value is known to everyone. */

/** A part that says where the key goes: `<key>`, `[key]`, `{{ key }}`, `${KEY}`, `$KEY`, `AIza...`. */
const MARKED = /^[<[{].*[>\]}]$|^\$[({A-Z_]|\.\.\.$|…/i;

/** The same over and over: `xxxxxxxx`, `abababab`, `passwordpassword`. */
const REPEATED = /^(.|(.{2,12})\2+)\1*$/;

/** The beginnings of real keys, which examples keep. */
const PREFIX = /^(sb_secret_|sb_publishable_|AIza(Sy)?|AQ\.)/;

const WORDS = new Set([
  ...[
    "a",
    "an",
    "and",
    "any",
    "at",
    "from",
    "here",
    "in",
    "it",
    "my",
    "of",
    "our",
    "the",
    "this",
    "to",
  ],
  ...[
    "with",
    "your",
    "be",
    "me",
    "very",
    "super",
    "long",
    "strong",
    "random",
    "real",
    "new",
    "some",
  ],
  ...[
    "api",
    "characters",
    "client",
    "default",
    "gemini",
    "google",
    "key",
    "keys",
    "password",
    "project",
  ],
  ...[
    "role",
    "secret",
    "secrets",
    "service",
    "string",
    "supabase",
    "token",
    "value",
    "vertex",
    "worker",
  ],
  ...[
    "change",
    "changeit",
    "changeme",
    "demo",
    "dummy",
    "enter",
    "example",
    "fill",
    "fixme",
    "insert",
  ],
  ...[
    "missing",
    "none",
    "null",
    "paste",
    "placeholder",
    "put",
    "replace",
    "replaceme",
    "sample",
    "set",
  ],
  ...["tbd", "test", "todo", "undefined", "unset", "yours"],
  ...[
    "least",
    "min",
    "more",
    "generate",
    "generated",
    "openssl",
    "rand",
    "hex",
    "something",
    "jwt",
  ],
]);

/**
 * Whether a value is an example and no key: it is marked as one, begins like one (`your-…`,
 * `changeme…`), or has no words and letters but those that examples consist of.
 */
export function isPlaceholder(value: string): boolean {
  const text = value.replace(PREFIX, "");
  if (MARKED.test(value) || REPEATED.test(text) || text === "") return true;
  if (/^(your|change[-_.]?me|replace[-_.]?me)/i.test(text)) return true;
  const words = text.toLowerCase().split(/[^a-z]+/).filter((word) => word !== "");
  return words.length > 0 && words.every((word) => WORDS.has(word) || /^x+$/.test(word));
}
