import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { brotliCompressSync, constants, deflateSync, gzipSync } from "node:zlib";
import { sendForPlain } from "../../supabase/functions/_shared/decompress.ts";
import { whole } from "../../supabase/functions/_shared/whole.ts";
import { serve } from "../support/loopback.ts";

const MB = 1024 * 1024;
const PLAIN = new Uint8Array(3 * MB).map((_, at) => at >> 3);

/** Asks a host that compresses whatever it is asked for, and uses the reply. */
async function ask(
  coding: string,
  body: Uint8Array,
  use: (response: Response) => Promise<void>,
  method = "GET",
): Promise<void> {
  await using server = serve(() =>
    new Response(body.slice(), { headers: { "content-encoding": coding, "x-other": "kept" } })
  );
  await use(await sendForPlain((init) => fetch(server.url, init), { method, headers: {} }));
}

Deno.test("a body that was compressed unasked is unpacked", async () => {
  const cases: [string, Uint8Array, string][] = [
    ["gzip", gzipSync(PLAIN), "GET"],
    ["gzip", gzipSync(PLAIN), "POST"],
    ["GZIP", gzipSync(PLAIN), "POST"],
    ["x-gzip", gzipSync(PLAIN), "GET"],
    ["deflate", deflateSync(PLAIN), "GET"],
    ["br", brotliCompressSync(PLAIN), "GET"],
    ["br", brotliCompressSync(PLAIN), "POST"],
    ["", PLAIN, "GET"],
  ];
  for (const [coding, body, method] of cases) {
    await ask(coding, body, async (response) => {
      deepEqual([response.status, response.headers.get("x-other")], [200, "kept"]);
      const length = Number(response.headers.get("content-length"));
      ok(length <= PLAIN.length, `no more is announced than comes: ${length}`);
      deepEqual(new Uint8Array(await response.arrayBuffer()), PLAIN, coding);
    }, method);
  }
});

Deno.test("a body in a coding that is not known stays as it is", async () => {
  for (const [coding, method] of [["zstd", "GET"], ["gzip, gzip", "GET"], ["zstd", "POST"]]) {
    await ask(coding, PLAIN, async (response) => {
      deepEqual(new Uint8Array(await response.arrayBuffer()), PLAIN, coding);
    }, method);
  }
});

Deno.test("a body that expands a thousandfold comes in pieces of about a megabyte", async () => {
  const zeros = new Uint8Array(64 * MB);
  const bodies: [string, Uint8Array][] = [
    ["gzip", gzipSync(zeros)],
    ["br", brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })],
  ];
  for (const [coding, body] of bodies) {
    await ask(coding, body, async (response) => {
      let [longest, length] = [0, 0];
      for await (const piece of response.body!) {
        longest = Math.max(longest, piece.length);
        length += piece.length;
      }
      equal(length, zeros.length);
      ok(longest < 1.1 * MB, `${longest}`);
    });
  }
});

/** The beginning of a body in no coding at all. */
const NO_CODING = new Uint8Array(100).fill(0x11);

Deno.test("a compressed body that ends early, or is none, is an error", async () => {
  const noise = crypto.getRandomValues(new Uint8Array(60_000));
  const packed = gzipSync(noise);
  // Where `br` ends early, Deno does not say so; the file or the JSON in it does.
  const cases: [string, Uint8Array][] = [
    ["gzip", packed.subarray(0, 20_000)],
    ["gzip", packed.subarray(0, -1)],
    ...["gzip", "deflate", "br"].map((coding): [string, Uint8Array] => [coding, NO_CODING]),
  ];
  for (const [coding, body] of cases) {
    await ask(coding, body, async (response) => void await rejects(response.arrayBuffer()), "POST");
  }
});

Deno.test("a JPEG whose compressed body ends early is an error, however it is sent", async () => {
  const jpeg = crypto.getRandomValues(new Uint8Array(60_000)).map((byte) => byte & 0x7f);
  jpeg.set([0xff, 0xd8, 0xff, 0xe0]);
  jpeg.set([0xff, 0xd9], jpeg.length - 2);
  const pack = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync };
  for (const [coding, packed] of Object.entries(pack)) {
    const headers = { "content-encoding": coding };
    for (const missing of [0, 20_000]) {
      const body = new Uint8Array(packed(jpeg)).slice(0, missing ? -missing : undefined);
      for (const inChunks of [false, true]) {
        await using server = serve(() =>
          new Response(inChunks ? new Blob([body]).stream() : body, { headers })
        );
        const send = () => sendForPlain((init) => fetch(server.url, init), { headers: {} });
        const received = async () => new Uint8Array(await whole(await send()).arrayBuffer());
        if (missing) await rejects(received(), `${coding} ${inChunks}`);
        else deepEqual(await received(), jpeg);
      }
    }
  }
});

Deno.test("a body that is not read to its end is not received to its end", async () => {
  let sent = 0;
  await using server = serve(() => {
    const noise = crypto.getRandomValues(new Uint8Array(60_000));
    const packed = brotliCompressSync(noise);
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(packed.slice(0, ++sent === 1 ? packed.length - 9 : 1));
      },
    });
    return new Response(body, { headers: { "content-encoding": "br" } });
  });
  const response = await sendForPlain((init) => fetch(server.url, init), {
    method: "GET",
    headers: {},
  });
  const reader = response.body!.getReader();
  ok((await reader.read()).value!.length > 0);
  await reader.cancel();
});
