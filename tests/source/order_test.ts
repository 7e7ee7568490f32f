/** That files import each other in one direction, and that no function is longer than a page. */

import assert from "node:assert/strict";
import { crateOf, importsOf as rustImports, longRustFunctions, upwardImports } from "./rust.ts";
import { circleIn, lineOf, type Long, type Source, sources } from "./source.ts";
import { importsOf, longFunctions } from "./typescript.ts";

const MOST_LINES = 70;

/** The root files of the crates. Programs of tests are not held to it. */
const CRATES = ["src/lib.rs", "fuzz/src/lib.rs"];

/** What belongs to the border alone. */
const JAVASCRIPT = /\b(wasm_bindgen\w*|js_sys|web_sys|gloo_\w+|serde_wasm_bindgen)::/;

/** The functions of SQL, or of bash, that are longer than `most` lines. */
function longMatches({ path, text }: Source, pattern: RegExp, most: number): Long[] {
  return [...text.matchAll(pattern)].map(({ 0: whole, groups, index }) => ({
    path,
    name: groups!.name,
    line: lineOf(text, index),
    lines: whole.split("\n").length,
  })).filter(({ lines }) => lines > most);
}

const SQL_FUNCTION =
  /^create (?:or replace )?(?:function|procedure) (?<name>[\w."]+)[^;]*?(?<quote>\$\w*\$)[\s\S]*?\k<quote>[^;]*;/gim;
const BASH_FUNCTION = /^(?<name>[\w-]+)\(\) [{(]$[\s\S]*?^[})]/gm;

function longIn(source: Source, most = MOST_LINES): Long[] {
  if (source.path.endsWith(".rs")) return longRustFunctions(source, most);
  if (source.path.endsWith(".sql")) return longMatches(source, SQL_FUNCTION, most);
  if (source.path.endsWith(".sh")) return longMatches(source, BASH_FUNCTION, most);
  return longFunctions(source, most);
}

async function rustSources(): Promise<Map<string, string>> {
  return new Map((await sources(/\.rs$/)).map(({ path, text }) => [path, text]));
}

Deno.test("no Rust module is on a circle of imports", async () => {
  const files = await rustSources();
  for (const root of CRATES) {
    assert.equal(circleIn(rustImports(crateOf(root, files)))?.join(" -> "), undefined, root);
  }
});

Deno.test("every module of src/ imports only what is declared above it", async () => {
  assert.deepEqual(upwardImports(crateOf("src/lib.rs", await rustSources())), []);
});

Deno.test("no comment of Rust, which rustfmt leaves alone, is wider than 120 columns", async () => {
  const wide = (await sources(/\.rs$/)).flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) =>
      /^\s*\/\//.test(line) && line.length > 120 ? [`${path}:${index + 1}`] : []
    )
  );
  assert.deepEqual(wide, []);
});

Deno.test("nothing but src/wasm/ knows JavaScript", async () => {
  const known = (await sources(/^src\/(?!wasm\/).*\.rs$/)).filter(({ text }) =>
    JAVASCRIPT.test(text)
  );
  assert.deepEqual(known.map(({ path }) => path), []);
  const border = (await sources(/^src\/wasm\/.*\.rs$/)).some(({ text }) => JAVASCRIPT.test(text));
  assert.ok(border, "the pattern matches what it is about");
});

Deno.test("no TypeScript or JavaScript file is on a circle of imports", async () => {
  const graph = importsOf(await sources(/\.(ts|mjs|js)$/));
  assert.ok(graph.size > 100);
  assert.equal(circleIn(graph)?.join(" -> "), undefined);
});

Deno.test(`no function has more than ${MOST_LINES} lines`, async () => {
  const long = (await sources(/\.(rs|ts|mjs|js|sql|sh)$/)).flatMap((source) => longIn(source));
  const lines = long.map(({ path, line, name, lines }) => `${path}:${line}: ${name}: ${lines}`);
  assert.equal(lines.join("\n"), "");
});

Deno.test("a circle among Rust modules is found, through whatever hands a name on", () => {
  const files = new Map([
    ["lib.rs", "mod a;\npub mod b;\n"],
    ["a.rs", 'use crate::b::{self, Deep};\n// use crate::a;\nconst TEXT: &str = "use crate::a;";'],
    ["b/mod.rs", "mod deep;\npub use deep::Deep;\n#[cfg(test)]\nmod tests { use crate::a::It; }"],
    ["b/deep.rs", "pub struct Deep;"],
  ]);
  assert.equal(circleIn(rustImports(crateOf("lib.rs", files))), undefined);
  assert.deepEqual(upwardImports(crateOf("lib.rs", files)), ["a -> b", "a -> b::deep"]);
  files.set("b/deep.rs", "pub struct Deep;\nfn f() { crate::a::it() }");
  const circle = circleIn(rustImports(crateOf("lib.rs", files)));
  assert.deepEqual(circle, ["a", "b", "b::deep", "a"]);
});

Deno.test("a circle among TypeScript files is found, of types as well", () => {
  const files = [
    { path: "a.ts", text: `import { b } from "./c/b.ts";` },
    { path: "c/b.ts", text: `export type { A } from "../a.ts";` },
  ];
  assert.deepEqual(circleIn(importsOf(files)), ["a.ts", "c/b.ts", "a.ts"]);
  assert.equal(circleIn(importsOf(files.slice(1))), undefined);
  for (
    const types of ['/** @import { B } from "./c/b.ts" */', '/** @type {import("./c/b.ts").B} */']
  ) {
    const comments = { path: "a.js", text: types };
    const back = { path: "c/b.ts", text: `import { a } from "../a.js";` };
    assert.deepEqual(circleIn(importsOf([comments, back])), ["a.js", "c/b.ts", "a.js"]);
  }
});

Deno.test("a function that is too long is found in every language", () => {
  const texts = {
    "a.rs": "fn short() {}\nfn long(a: &[char; 2]) -> u8 {\n    f(\"}\", '}');\n    0\n}\n",
    "a.ts": "const short = () => {};\nfunction long() {\n  f(`}`);\n\n}\n",
    "a.sql": "create function long() returns int\nlanguage sql as $$\n  select 1;\n$$;\n",
    "a.sh": 'short() { f; }\nlong() {\n  f "}"\n\n}\n',
  };
  for (const [path, text] of Object.entries(texts)) {
    const found = longIn({ path, text }, 3);
    assert.deepEqual(found.map(({ name, lines }) => [name, lines]), [["long", 4]], path);
    assert.deepEqual(longIn({ path, text }, 4), [], path);
  }
});
