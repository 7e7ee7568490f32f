import { equal, match, rejects } from "node:assert/strict";
import { BodyTooLong, bytesOf, MB, textOf } from "../../supabase/functions/_shared/bounded_body.ts";
import { sources } from "../source/source.ts";
import { endless } from "../support/endless.ts";

Deno.test("a body is read to its end, or not much further than its bound", async () => {
  for (const headers of [undefined, { "content-length": "6" }]) {
    const reply = () => new Response(new Blob(["naïve"]).stream(), { headers });
    equal(await textOf(reply(), 6), "naïve");
    await rejects(textOf(reply(), 5), BodyTooLong);
  }
  // Received, they are longer than they say: 48 KB of zip hold 50 MB.
  for (const [name, value] of [["content-encoding", "gzip"], ["transfer-encoding", "chunked"]]) {
    const headers = { "content-length": "1", [name]: value };
    await rejects(textOf(new Response("naïve", { headers }), 5), BodyTooLong);
  }
  equal(await textOf(new Response(), 0), "");
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
    if (!path.endsWith("/bounded_body.ts")) equal(reads.exec(text)?.[0], undefined, path);
  }
});
