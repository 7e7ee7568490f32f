/** That the command lines of the pages, and of the tool's own help, are ones that the tool takes. */

import assert from "node:assert/strict";
import { COMMANDS, read } from "../../cli/main.ts";
import { pages, ROOT } from "./pages.ts";

const JOB = crypto.randomUUID();
const IMAGE = "https://example.com/hero.png";

/** What follows the tool's name, in a line of a code block or in a code span, read as a shell would. */
function linesOf(text: string): string[][] {
  return [...text.matchAll(/queue-trigger\.ts (?!COMMAND)([a-z-][^`\n]*)/g)].map(([, rest]) => {
    const words = rest.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
    const comment = words.findIndex((word) => word === "#" || word === "|");
    return (comment < 0 ? words : words.slice(0, comment)).map((word) =>
      word.replaceAll(/["']/g, "").replace("JOB_ID", JOB).replace(/=URL$/, `=${IMAGE}`)
    );
  });
}

async function textOf(page: string): Promise<string> {
  const text = await Deno.readTextFile(new URL(page, ROOT));
  // Outside of code the name of the tool stands in sentences.
  return [...text.matchAll(/^ *```\w*\n(.*?)^ *```|`([^`\n]+)`/gms)]
    .map(([, block, span]) => block ?? span).join("\n");
}

Deno.test("every line of the pages and of the help is understood", async () => {
  const taken = new Set<string>();
  const texts = [
    ...await Promise.all(pages().map(textOf)),
    ...COMMANDS.flatMap(({ examples = [] }) => examples.map((line) => `queue-trigger.ts ${line}`)),
  ];
  for (const args of texts.flatMap(linesOf)) {
    assert.doesNotThrow(() => read(args), args.join(" "));
    taken.add(args[0]);
  }
  for (const { name } of COMMANDS) assert.ok(taken.has(name), `${name} is shown nowhere`);
});
