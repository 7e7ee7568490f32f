import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { sendForPlain } from "../../supabase/functions/_shared/decompress.ts";
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
  for (const [coding, method] of [["zstd", "GET"], ["gzip, gzip", "GET"], ["br", "POST"]]) {
    await ask(coding, PLAIN, async (response) => {
      deepEqual(new Uint8Array(await response.arrayBuffer()), PLAIN, coding);
    }, method);
  }
});

Deno.test("a body that expands a thousandfold comes in pieces of about a megabyte", async () => {
  const zeros = new Uint8Array(64 * MB);
  const bodies: [string, Uint8Array][] = [
    ["gzip", gzipSync(zeros)],
    ["br", brotliCompressSync(zeros)],
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

Deno.test("a compressed body that ends early is an error", async () => {
  const body = gzipSync(crypto.getRandomValues(new Uint8Array(60_000)));
  for (const part of [body.subarray(0, 20_000), body.subarray(0, -1)]) {
    await ask("gzip", part, async (response) => void await rejects(response.arrayBuffer()));
  }
});
