/** That the pages quote the files of examples/ as they are, and none is left out. */

import assert from "node:assert/strict";
import { files, pages, ROOT } from "./pages.ts";

interface Quote {
  page: string;
  /** The file that the line above the block names. */
  path?: string;
  code: string;
}

const quotes: Quote[] = pages().filter((page) => page.startsWith("docs/")).flatMap((page) => {
  const text = Deno.readTextFileSync(new URL(page, ROOT));
  return [...text.matchAll(/^([^\n]*)\n\n```\w+\n(.*?)^```$/gms)].map(([, above, code]) => ({
    page,
    path: /^\[`(examples\/.*)`\]\(\.\.\/\1\):$/.exec(above)?.[1],
    code,
  }));
});

Deno.test("a block below the name of a file is that file", () => {
  for (const { page, path, code } of quotes) {
    if (path) assert.equal(code, Deno.readTextFileSync(new URL(path, ROOT)), `${page}: ${path}`);
  }
});

Deno.test("docs/recipes.md has no code but that of files", () => {
  const loose = quotes.filter(({ page, path }) => page === "docs/recipes.md" && !path);
  assert.deepEqual(loose, []);
});

Deno.test("every file is quoted once", () => {
  const quoted = quotes.flatMap(({ path }) => path ?? []).sort();
  // The Rust example is a part of rustdoc, which includes the file itself.
  const examples = files("examples/").filter((path) => !/\.(md|rs)$/.test(path)).sort();
  assert.deepEqual(quoted, examples);
});
