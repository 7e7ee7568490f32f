/** That the pages lead to where they say: to files that exist, and headings that are there. */

import assert from "node:assert/strict";
import { files, pages, ROOT } from "./pages.ts";

/** The text of a page without its code, in which a link is no link and a `#` no heading. */
async function prose(page: URL): Promise<string> {
  return (await Deno.readTextFile(page)).replaceAll(/^ *```.*?^ *```/gms, "");
}

/** What GitHub makes of headings; a repeated one gets a number. */
async function anchors(page: URL): Promise<Set<string>> {
  const found = new Map<string, number>();
  const names = new Set<string>();
  for (const [, heading] of (await prose(page)).matchAll(/^#+ (.*)$/gm)) {
    const name = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, "").replaceAll(" ", "-");
    const before = found.get(name) ?? 0;
    found.set(name, before + 1);
    names.add(before === 0 ? name : `${name}-${before}`);
  }
  return names;
}

async function exists(file: URL): Promise<boolean> {
  return await Deno.stat(file).then(() => true, () => false);
}

for (const page of pages()) {
  Deno.test(`every link of ${page} leads somewhere`, async () => {
    const from = new URL(page, ROOT);
    const broken: string[] = [];
    for (
      const [, target] of (await prose(from)).matchAll(/\]\(([^()\s]*(?:\([^)]*\))?[^()\s]*)\)/g)
    ) {
      if (/^[a-z]+:/.test(target)) continue; // on the internet
      const to = new URL(target, from);
      const anchor = decodeURIComponent(to.hash.slice(1));
      to.hash = "";
      if (!await exists(to)) broken.push(`${target}: no such file`);
      else if (anchor && !(await anchors(to)).has(anchor)) {
        broken.push(`${target}: no such heading`);
      }
    }
    assert.deepEqual(broken, []);
  });
}

Deno.test("the README names every page of docs/", async () => {
  const readme = await prose(new URL("README.md", ROOT));
  const missing = pages().filter((page) => /^docs\/([^/]+|decisions\/README)\.md$/.test(page))
    .filter((page) => !readme.includes(`(${page})`));
  assert.deepEqual(missing, []);
});

Deno.test("every path in the code of a page is there", async () => {
  const all = files();
  const missing: string[] = [];
  let seen = 0;
  for (const page of pages()) {
    const text = await Deno.readTextFile(new URL(page, ROOT));
    const paths = text.matchAll(
      /(?<![\w./:{}-])(?:benches|cli|docs|examples|fuzz|local|scripts|src|supabase\/(?:functions\/(?:_shared|process)|migrations|tests)|tests)\/[\w./-]*/g,
    );
    for (const [path] of paths) {
      seen++;
      const plain = path.replace(/\.$/, "");
      if (!all.some((file) => file === plain || file.startsWith(plain.replace(/\/?$/, "/")))) {
        missing.push(`${page}: ${path}`);
      }
    }
  }
  assert.ok(seen > 100, "the pages are read");
  assert.deepEqual(missing, []);
});
