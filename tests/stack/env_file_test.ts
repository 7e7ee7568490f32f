import { deepEqual, rejects } from "node:assert/strict";
import { parseEnv, readEnvFile } from "../../local/env_file.ts";
import { KEY, LINES } from "../support/env_lines.ts";

Deno.test("quotes and comments are not part of a value", () => {
  const text = `
# a comment
PLAIN=value # why
export DOUBLE="two words" # why
SINGLE='a # b'
HASH=a#b
EMPTY=
ONLY_COMMENT= # nothing
URL=postgresql://u:p@h/d?x=1
  SPACED =no
`;
  deepEqual(parseEnv(text), {
    PLAIN: "value",
    DOUBLE: "two words",
    SINGLE: "a # b",
    HASH: "a#b",
    EMPTY: "",
    ONLY_COMMENT: "",
    URL: "postgresql://u:p@h/d?x=1",
  });
});

Deno.test("a value is found however its line is written", () => {
  for (const line of LINES) deepEqual(parseEnv(line), { SUPABASE_SECRET_KEY: KEY });
});

Deno.test("a file with Windows line endings or a byte order mark is refused, and says so", async () => {
  const path = await Deno.makeTempFile();
  try {
    for (
      const [text, expected] of [
        ["A=1\r\nB=2\r\n", /has Windows line endings \(CRLF\)/],
        ["\uFEFFA=1\n", /begins with a byte order mark \(BOM\)/],
      ] as const
    ) {
      await Deno.writeTextFile(path, text);
      await rejects(readEnvFile(new URL(`file://${path}`)), expected);
    }
  } finally {
    await Deno.remove(path);
  }
});
