/** That what is written here uses the glossary's words, and none of those that it left behind. */

import assert from "node:assert/strict";
import { files, ROOT } from "./pages.ts";

const GLOSSARY = "docs/glossary.md";
const WRITTEN_HERE = /\.(rs|ts|mjs|js|css|html|sql|sh|md|toml|yml)$/;
const EXCLUDED = /^(pkg|fuzz\/corpus)\/|^docs\/glossary\.md$|^tests\/docs\/words/;

interface Rule {
  word: string;
  instead: string;
  pattern: RegExp;
}

/** Words of a phrase may stand on two lines of a comment, or be joined to a name. */
const BETWEEN = String.raw`(?:[ _]|[ \t]*\n[ \t]*(?:\/\/[\/!]?|--|[*#>])?[ \t]*)`;

/** Whether a word of the table is the name of a type, which only code can have. */
const isType = (word: string) => /^[A-Z]/.test(word);

/** A word on its own, or as a part of a snake_case, camelCase or UPPER_CASE name. */
function patternOf(word: string): RegExp {
  // At the beginning of a sentence it is another word.
  if (isType(word)) return new RegExp(`(?<![A-Za-z])${word}(?![a-z]| [a-z])`, "g");
  const parts = word.split(/[ _]/);
  const between = word.includes("_") ? "_" : BETWEEN;
  const capitals = parts.map((part) => part[0].toUpperCase() + part.slice(1));
  const [first, ...rest] = parts;
  return new RegExp(
    [
      `(?<![A-Za-z])${parts.join(between)}(?![a-z])`,
      `(?<![A-Z])${[capitals[0], ...rest].join(between)}(?![a-z])`,
      `(?<![A-Za-z])${word.toUpperCase().replaceAll(/[ _]/g, between)}(?![A-Za-z])`,
      ...(rest.length > 0
        ? [`(?<![A-Za-z])${first}${capitals.slice(1).join("")}(?![a-z])`, capitals.join("")]
        : []),
    ].join("|"),
    "g",
  );
}

/** The glossary's table of "not this, but that". */
async function rules(): Promise<Rule[]> {
  const page = await Deno.readTextFile(new URL(GLOSSARY, ROOT));
  const [, table] = page.split("\n## Words left behind\n");
  return [...table.matchAll(/^\| (`.*`) \| (.*) \|$/gm)].flatMap(([, words, instead]) =>
    [...words.matchAll(/`([^`]+)`/g)].map(([, word]) => ({
      word,
      instead,
      pattern: patternOf(word),
    }))
  );
}

/** Where a text uses words that were left behind: line, word, and what to use instead. */
function findIn(text: string, rules: Rule[]): string[] {
  return rules.flatMap(({ pattern, instead }) =>
    [...text.matchAll(pattern)].map((match) => {
      const line = text.slice(0, match.index).split("\n").length;
      return `${line}: "${match[0].replaceAll(/\s+/g, " ")}": use ${instead}`;
    })
  );
}

Deno.test("a word is found in prose, across lines and within names, and nowhere else", () => {
  const phrase = (word: string) => ({ word, instead: "x", pattern: patternOf(word) });
  const found = (word: string, text: string) => findIn(text, [phrase(word)]).length;
  for (const text of ["a stray one", "meet_stray()", "meetStray()", "STRAY_LIMIT", "Stray"]) {
    assert.equal(found("stray", text), 1, text);
  }
  for (const text of ["astray", "strays", "ashtray", "ASTRAY"]) {
    assert.equal(found("stray", text), 0);
  }
  for (const text of ["looked at", "// looked\n  // at it", "looked_at", "lookedAt", "LookedAt"]) {
    assert.equal(found("looked at", text), 1, text);
  }
  assert.equal(found("looked at", "overlooked atoms"), 0);
  assert.equal(found("Visit", "context: Visit,"), 1);
  for (const text of ["Visit the page", "visit,", "Visitor"]) assert.equal(found("Visit", text), 0);
});

Deno.test("no word that was left behind is used", async () => {
  const table = await rules();
  assert.ok(table.length > 30, "the glossary's table is read");
  const found: string[] = [];
  const ours = files().filter((path) => WRITTEN_HERE.test(path) && !EXCLUDED.test(path));
  for (const path of ours) {
    const text = await Deno.readTextFile(new URL(path, ROOT));
    const rules = /\.(rs|ts|mjs|js)$/.test(path)
      ? table
      : table.filter(({ word }) => !isType(word));
    found.push(...findIn(text, rules).map((finding) => `${path}:${finding}`));
  }
  if (found.length > 0) assert.fail(`${found.length} in all:\n${found.join("\n")}`);
});

Deno.test("what the glossary says a word appears as is in the code", async () => {
  const page = await Deno.readTextFile(new URL(GLOSSARY, ROOT));
  const [tables] = page.split("\n## Words left behind\n");
  const code = files().filter((path) => /\.(rs|ts|sql|sh)$/.test(path) && !EXCLUDED.test(path));
  const text = code.concat(code.map((path) => Deno.readTextFileSync(new URL(path, ROOT)))).join(
    "\n",
  );
  const lastCells = [...tables.matchAll(/^\| \*\*.* \| ([^|]*) \|$/gm)].map(([, cell]) => cell);
  const names = lastCells.flatMap((cell) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name)
  );
  assert.ok(names.length > 80, "the tables are read");
  // A column is written `table.column`, a path may be cut short; an object's path is put together.
  const missing = names.filter((name) => !name.startsWith("{")).filter((name) =>
    !name.split(/[.(…{]|::| /).filter((part) => part.length > 1).every((part) =>
      text.includes(part)
    )
  );
  assert.deepEqual(missing, []);
});
