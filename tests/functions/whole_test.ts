import { deepEqual, rejects } from "node:assert/strict";
import { endless } from "../support/endless.ts";
import { whole } from "../../supabase/functions/_shared/whole.ts";

const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

function number(value: number, littleEndian = false): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, littleEndian);
  return bytes;
}

const box = (name: string, content: number) =>
  join(number(8 + content), ascii(name), new Uint8Array(content).fill(7));
const largeBox = (name: string, content: number) =>
  join(number(1), ascii(name), number(0), number(16 + content), new Uint8Array(content).fill(7));
const chunk = (name: string, content: number) =>
  join(number(content), ascii(name), new Uint8Array(content + 4).fill(7));

const FILES: Record<string, Uint8Array> = {
  "an MP4": join(box("ftyp", 24), box("moov", 900), box("free", 0), largeBox("mdat", 5000)),
  "a HEIC": join(box("ftyp", 16), box("meta", 300), box("mdat", 4000)),
  "a PNG": join(
    ascii("\x89PNG\r\n\x1a\n"),
    chunk("IHDR", 13),
    chunk("IDAT", 5000),
    chunk("IEND", 0),
  ),
  "a WebP": join(ascii("RIFF"), number(4004, true), ascii("WEBP"), new Uint8Array(4000).fill(7)),
  "a JPEG": join(ascii("\xff\xd8\xff\xe0"), new Uint8Array(9000).fill(7), ascii("\xff\xd9")),
};

/** A body as `fetch` has it, in pieces. */
function body(
  bytes: Uint8Array,
  size: number,
  first = 64,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      if (at < bytes.length) {
        return controller.enqueue(bytes.slice(at, at += at === 0 ? first : size));
      }
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
}

const received = async (response: Response) => new Uint8Array(await response.arrayBuffer());

for (const [name, file] of Object.entries(FILES)) {
  Deno.test(`${name} that ends with the connection is whole, or an error`, async () => {
    for (const size of [1, 7, 1000, 100_000]) {
      deepEqual(await received(whole(new Response(body(file, size)))), file);
      for (const length of [100, 500, file.length - 20, file.length - 13]) {
        const cut = file.subarray(0, length);
        await rejects(received(whole(new Response(body(cut, size)))), /middle of the file/);
      }
    }
  });
}

Deno.test("a file whose first bytes come one by one is followed, too", async () => {
  for (const file of Object.values(FILES)) {
    deepEqual(await received(whole(new Response(body(file, 1, 1)))), file);
    const cut = file.subarray(0, -20);
    await rejects(received(whole(new Response(body(cut, 1, 1)))), /middle of the file/);
  }
});

Deno.test("a file without an end is an error, and no more of it is received", async () => {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  const piece = 1 << 20;
  const bytes = new ReadableStream<Uint8Array<ArrayBuffer>>({
    type: "bytes",
    pull: (controller) => controller.enqueue(new Uint8Array(piece)),
    cancel: () => resolve(),
  });
  const { body: others, cancelled: othersCancelled } = endless();
  for (const body of [bytes, others]) {
    const read = async () => {
      for await (const _ of whole(new Response(body)).body!);
    };
    await rejects(read(), { message: "the body has more than 512 MB" });
  }
  await Promise.all([cancelled, othersCancelled]);
});

Deno.test("a file with something behind its end, and one that says nothing of it, is whole", async () => {
  const open = join(box("ftyp", 24), number(0), ascii("mdat"), new Uint8Array(500));
  const more = Object.values(FILES).map((file) => join(file, ascii("\0\0\n")));
  for (const file of [open, ...more, join(FILES["a PNG"], new Uint8Array(50)), ascii('{"a":1}')]) {
    deepEqual(await received(whole(new Response(body(file, 100)))), file);
  }
});

Deno.test("a file that is cut is an error whatever the host says of its length", async () => {
  for (const [name, file] of Object.entries(FILES)) {
    const cut = file.slice(0, -200);
    for (const bound of [["content-length", `${cut.length}`], ["transfer-encoding", "chunked"]]) {
      const reply = received(
        whole(new Response(body(cut, 100), { headers: [bound as [string, string]] })),
      );
      // A JPEG says nothing of its length, and what has no whole part may be no such file.
      if (["a JPEG", "a WebP"].includes(name)) deepEqual(await reply, cut);
      else await rejects(reply, /middle of the file/, name);
    }
  }
});

Deno.test("what only begins like a file is what its host says", async () => {
  for (
    const begun of ["\0\0\0\x20ftypisom", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "RIFF\xff\0\0\0WEBP"]
  ) {
    const bytes = ascii(begun);
    const headers = { "content-length": `${bytes.length}` };
    deepEqual(await received(whole(new Response(body(bytes, 9), { headers }))), bytes);
  }
});

Deno.test("a file that is unpacked here is followed, too", async () => {
  const unpacked = (bytes: Uint8Array<ArrayBuffer>) =>
    whole(new Response(new Blob([bytes]).stream().pipeThrough(new TransformStream())));
  for (const file of Object.values(FILES)) {
    deepEqual(await received(unpacked(file.slice())), file);
    await rejects(received(unpacked(file.slice(0, -20))), /middle of the file/);
  }
});
