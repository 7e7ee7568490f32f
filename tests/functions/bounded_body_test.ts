import { equal, match, rejects } from "node:assert/strict";
import { BodyTooLong, bytesOf, MB, textOf } from "../../supabase/functions/_shared/bounded_body.ts";
import { sources } from "../source/source.ts";
import { endless } from "../support/endless.ts";

Deno.test("a body is read to its end, or not much further than its bound", async () => {
  const body = (text: string) => new Blob([text]).stream();
  equal(await textOf(body("naïve"), 6), "naïve");
  equal(await textOf(null, 0), "");
  await rejects(textOf(body("naïve"), 5), BodyTooLong);
  const { body: without, cancelled } = endless();
  await rejects(bytesOf(without, 3 * MB), { message: "the body has more than 3 MB" });
  await cancelled;
});

Deno.test("nothing else reads a whole body that comes from outside", async () => {
  // What has just been made of something in memory has its length.
  const reads =
    /(?<!new (?:Response|Blob)\([\w.]+\))\.(?:text|json|arrayBuffer|bytes|blob|formData)\(\)/;
  match("(await fetch(url)).json()", reads);
  for (
    const { path, text } of await sources(/^(?:supabase\/functions|cli|local\/console)\/.*\.ts$/)
  ) {
    equal(reads.exec(text)?.[0], undefined, path);
  }
});
