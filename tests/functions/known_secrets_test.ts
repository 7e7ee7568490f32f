import { equal, ok } from "node:assert/strict";
import { KnownSecrets } from "../../supabase/functions/_shared/known_secrets.ts";
import { newKeys } from "./support.ts";

const keys = newKeys();
const secrets = new KnownSecrets([keys.worker, keys.google, 'a"b/c+d?e&f%']);

const SPELLINGS: [string, string][] = [
  ["as it is", keys.worker],
  ["in capitals", keys.worker.toUpperCase()],
  ["in small letters", keys.google.toLowerCase()],
  ["in a URL", encodeURIComponent('a"b/c+d?e&f%')],
  ["in a URL, in small letters", encodeURIComponent('a"b/c+d?e&f%').toLowerCase()],
  ["in JSON", JSON.stringify('a"b/c+d?e&f%').slice(1, -1)],
  ["in base64", btoa(keys.worker)],
  ["in base64 behind one byte", btoa(`:${keys.worker}`)],
  ["in base64 behind a name", btoa(`ab${keys.worker}xyz`)],
  ["in base64 for URLs", btoa('a"b/c+d?e&f%').replaceAll("+", "-").replaceAll("/", "_")],
];

for (const [name, spelling] of SPELLINGS) {
  Deno.test(`a secret is hidden ${name}`, () => {
    const hidden = secrets.hide(`it said ${spelling}, twice: ${spelling}`);
    ok(!hidden.includes(spelling), hidden);
    ok(hidden.startsWith("it said ") && hidden.includes(", twice: "), hidden);
  });

  Deno.test(`a secret is hidden ${name}, in a body in pieces of any size`, async () => {
    const text = `ä€😀 ${spelling} ${"x".repeat(300)}${spelling}😀`;
    const bytes = new TextEncoder().encode(text);
    for (const size of [1, 2, 3, 7, 64, 1000]) {
      const pieces = ReadableStream.from(
        Array.from(
          { length: Math.ceil(bytes.length / size) },
          (_, i) => bytes.slice(i * size, (i + 1) * size),
        ),
      );
      const body = pieces.pipeThrough(secrets.hideInStream());
      equal(await new Response(body).text(), secrets.hide(text), `${size}`);
    }
  });
}

Deno.test("a body that fails stays failed", async () => {
  const broken = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => controller.error(new TypeError("reset")),
  });
  let error: unknown;
  await new Response(broken.pipeThrough(secrets.hideInStream())).text().catch((e) => error = e);
  equal((error as Error).message, "reset");
});

Deno.test("two secrets are redacted even if one begins with the other", () => {
  const both = new KnownSecrets([keys.worker, `${keys.worker}-and-more`]);
  equal(both.hide(`${keys.worker}-and-more`), "[redacted]");
});

Deno.test("short words are no secrets, and without secrets nothing is hidden", () => {
  equal(new KnownSecrets(["", "abc", "image"]).hide("an image, abc"), "an image, abc");
  equal(new KnownSecrets([]).hide("a text"), "a text");
  equal(new KnownSecrets(["schlüssel-größe"]).hide("schlüssel-größe!"), "[redacted]!");
});

Deno.test("a secret of several lines is hidden whatever became of its line breaks", async () => {
  const random = () => crypto.randomUUID().replaceAll("-", "").repeat(2);
  const lines = [random(), random(), random()];
  const known = new KnownSecrets([lines.join("\n")]);
  for (
    const joint of ["\n", "\r\n", "", " ", "\\n", "\\\\n", "\\\\\\\\r\\\\\\\\n", "%0A", "%0d%0a"]
  ) {
    const text = `it said ${lines.join(joint)}, twice: ${lines.join(joint)}`;
    equal(known.hide(text), "it said [redacted], twice: [redacted]", JSON.stringify(joint));
    const bytes = new TextEncoder().encode(`${"x".repeat(300)}${text}`);
    const pieces = ReadableStream.from(Array.from(bytes, (_, at) => bytes.slice(at, at + 1)));
    const body = await new Response(pieces.pipeThrough(known.hideInStream())).text();
    equal(body, `${"x".repeat(300)}it said [redacted], twice: [redacted]`);
  }
});
