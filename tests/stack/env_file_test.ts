import { deepEqual } from "node:assert/strict";
import { parseEnv } from "../../local/env_file.ts";

Deno.test("quotes and comments are no part of a value", () => {
  const text = `
# a comment
PLAIN=value # why
export DOUBLE="two words" # why
SINGLE='a # b'
HASH=a#b
EMPTY=
ONLY_COMMENT= # nothing
URL=postgresql://u:p@h/d?x=1\r
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
