/** That docs/recipes.md quotes the files of examples/ as they are, and none is left out. */

import assert from "node:assert/strict";
import { files, ROOT } from "./pages.ts";

const PAGE = "docs/recipes.md";

/** The code blocks of the page, by the file that the line above names. */
async function quotes(): Promise<[path: string | undefined, code: string][]> {
  const page = await Deno.readTextFile(new URL(PAGE, ROOT));
  return [...page.matchAll(/^([^\n]*)\n\n```\w+\n(.*?)^```$/gms)].map(([, above, code]) => [
    /^\[`(.*)`\]\(\.\.\/\1\):$/.exec(above)?.[1],
    code,
  ]);
}

Deno.test("every block of the page is a file, as it is", async () => {
  for (const [path, code] of await quotes()) {
    assert.ok(path, `the line above names no file:\n${code}`);
    assert.equal(code, await Deno.readTextFile(new URL(path, ROOT)), path);
  }
});

Deno.test("every file is quoted", async () => {
  const quoted = (await quotes()).map(([path]) => path).sort();
  const examples = files("examples/").filter((path) => !path.endsWith("README.md")).sort();
  assert.deepEqual(quoted, examples);
});
