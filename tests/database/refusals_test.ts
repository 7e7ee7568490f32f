/** That `enqueue_generation_job` refuses the ids and prompts that a worker would refuse, and no others. */

import assert from "node:assert/strict";
import { validateImageJob } from "../../pkg/generation_queue.js";
import { openMigratedPglite } from "../support/pglite.ts";

const FIELDS = ["storyboardId", "sceneId", "characterId", "prompt"];

const WHITE = [9, 10, 11, 12, 13, 32, 133, 160, 5760, 8192, 8202, 8232, 8233, 8239, 8287, 12288];
/** Not white space, though they look like it: a separator of files, vowel and byte order marks, a word joiner. */
const NOT_WHITE = [28, 6158, 8203, 8288, 65279];

const VALUES = [
  ...[undefined, null, 7, true, ["a"], { a: 1 }, "", "a", "S_1.v2", "-", "_x-", "1", "a b", "a/b"],
  ...[".", "..", ".a", "a.", "a..b", "a.b.c", "a:b", "ä", "é", "a\n", "\na", "Ａ", "%2e", "a\\b"],
  ...["x".repeat(128), "x".repeat(129), "x".repeat(32_768), "x".repeat(32_769), "ä".repeat(16_385)],
  ...[...WHITE, ...NOT_WHITE].map((code) => String.fromCharCode(code).repeat(2)),
  WHITE.map((code) => String.fromCharCode(code)).join(""),
];

/** The fields that an error names: `prompt: expected …; sceneId: expected …`. */
const named = (message: string) => message.split("; ").map((fault) => fault.split(":")[0]);

Deno.test("what is enqueued is refused by the rule of the core, field by field", async () => {
  await using database = await openMigratedPglite();
  const refused = async (message: unknown) => {
    try {
      const values = ["image_generation_queue", JSON.stringify(message)];
      await database.query("select public.enqueue_generation_job($1, $2)", values);
      return [];
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      assert.equal(code, "22023");
      return named(message);
    }
  };
  const judged = (message: unknown) => {
    try {
      validateImageJob(message);
      return [];
    } catch (error) {
      return (error as { issues: { field: string }[] }).issues.map(({ field }) => field);
    }
  };
  for (const field of FIELDS) {
    for (const value of VALUES) {
      const message = { storyboardId: "sb", prompt: "p", [field]: value };
      assert.deepEqual(await refused(message), judged(message), JSON.stringify(message));
    }
  }
  const wrong = { prompt: " ", sceneId: "a/b", characterId: 7 };
  assert.deepEqual(await refused(wrong), FIELDS, "all are named at once");
  for (const message of [[], "text", 7, true]) {
    assert.deepEqual([await refused(message), judged(message)], [["message"], ["message"]]);
  }
});
