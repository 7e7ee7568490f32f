import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { deflateSync, gzipSync } from "node:zlib";
import { decompressed } from "../../supabase/functions/_shared/decompress.ts";
import { serve } from "../support/loopback.ts";

const MB = 1024 * 1024;
const PLAIN = new Uint8Array(3 * MB).map((_, at) => at >> 3);

/** A reply as the functions get it: asked for without compression, from a host that compresses. */
async function reply(coding: string, body: Uint8Array): Promise<Response> {
  await using server = serve(() =>
    new Response(body.slice(), { headers: { "content-encoding": coding, "x-other": "kept" } })
  );
  const response = await fetch(server.url, { headers: { "accept-encoding": "identity" } });
  const { status, headers } = response;
  return new Response(await response.arrayBuffer(), { status, headers });
}

Deno.test("a body that was compressed unasked is unpacked, and its length is unknown", async () => {
  for (
    const [coding, body] of [
      ["gzip", gzipSync(PLAIN)],
      ["GZIP", gzipSync(PLAIN)],
      ["x-gzip", gzipSync(PLAIN)],
      ["deflate", deflateSync(PLAIN)],
    ] as const
  ) {
    const unpacked = decompressed(await reply(coding, body));
    const of = (name: string) => unpacked.headers.get(name);
    equal(unpacked.status, 200);
    deepEqual(["x-other", "content-encoding", "content-length"].map(of), ["kept", null, null]);
    deepEqual(new Uint8Array(await unpacked.arrayBuffer()), PLAIN, coding);
  }
});

Deno.test("a body in no coding, or in an unknown one, stays as it is", async () => {
  for (const coding of ["", "identity", "zstd", "gzip, gzip", "constructor"]) {
    const response = await reply(coding, PLAIN);
    equal(decompressed(response), response, coding);
  }
});

Deno.test("a body that expands a thousandfold comes in pieces of about a megabyte", async () => {
  const body = gzipSync(new Uint8Array(64 * MB));
  let [longest, length] = [0, 0];
  for await (const piece of decompressed(await reply("gzip", body)).body!) {
    longest = Math.max(longest, piece.length);
    length += piece.length;
  }
  equal(length, 64 * MB);
  ok(longest < 1.1 * MB, `${longest}`);
});

Deno.test("a compressed body that ends early is an error", async () => {
  const body = gzipSync(crypto.getRandomValues(new Uint8Array(60_000)));
  for (const part of [body.subarray(0, 20_000), body.subarray(0, -1)]) {
    const response = decompressed(await reply("gzip", part));
    await rejects(response.arrayBuffer());
  }
});
