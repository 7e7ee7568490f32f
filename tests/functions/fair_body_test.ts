import { equal, ok, rejects } from "node:assert/strict";
import { deflateRawSync, deflateSync } from "node:zlib";
import { sendForPlain } from "../../supabase/functions/_shared/decompress.ts";
import { fair, Pieces } from "../../supabase/functions/_shared/fair_body.ts";
import { byHand } from "../wasm/timers.ts";

const MB = 1024 * 1024;
const UNFAIR = { name: "UnfairBody" };
const SILENCE = 2000;

type Piece = Uint8Array<ArrayBuffer>;

/** An endless body, as `fetch` has it or as one that was unpacked; `sent` says what was taken of it. */
function endless(piece: (at: number) => Piece, type?: "bytes") {
  const sent = { pieces: 0, bytes: 0 };
  const body = new ReadableStream<Piece>({
    type: type as undefined,
    pull(controller) {
      const next = piece(sent.pieces++);
      sent.bytes += next.length;
      controller.enqueue(next);
    },
  }, { highWaterMark: 0 });
  return { body, sent };
}

Deno.test("a body in tiny pieces is left after a few thousand of them", async () => {
  for (const type of ["bytes", undefined] as const) {
    for (const size of [1, 100]) {
      const { body, sent } = endless(() => new Uint8Array(size), type);
      await rejects(fair(new Response(body)).bytes(), UNFAIR);
      ok(sent.pieces < 5000, `${sent.pieces} pieces`);
    }
  }
});

Deno.test("a body in pieces of a network is received whatever its length", () => {
  const pieces = new Pieces();
  for (let at = 0; at < 20 * 1024; at++) pieces.pass(new Uint8Array(1024));
});

Deno.test("a body of which nothing comes for a while is left", async () => {
  for (const type of ["bytes", undefined] as const) {
    using timers = byHand();
    const [silent, cancelled] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let pulls = 0;
    const body = new ReadableStream<Piece>({
      type: type as undefined,
      pull(controller) {
        if (pulls++ === 0) return controller.enqueue(new Uint8Array(9));
        silent.resolve();
        return new Promise(() => {});
      },
      cancel: () => cancelled.resolve(),
    }, { highWaterMark: 0 });
    const received = rejects(fair(new Response(body)).bytes(), /nothing came for 2 s/);
    await silent.promise;
    await timers.pass(SILENCE);
    await received;
    await cancelled.promise;
    equal(timers.left(), 0);
  }
});

/** Asks for an endless body that was compressed with `deflate`. */
async function packed(piece: (at: number) => Piece) {
  const { body, sent } = endless(piece, "bytes");
  const headers = { "content-encoding": "deflate" };
  const send = () => Promise.resolve(new Response(body, { headers }));
  await rejects((await sendForPlain(send, { headers: {} })).bytes(), UNFAIR);
  return sent;
}

Deno.test("a compressed body with nothing in it is left after a megabyte, or some thousand pieces", async () => {
  const [head, block] = [Uint8Array.of(0x78, 0x9c), Uint8Array.of(0, 0, 0, 0xff, 0xff)];
  // One byte for each 16 KB of nothing.
  const scarce = Uint8Array.of(0, 1, 0, 0xfe, 0xff, 0x2a);
  const blocks = new Uint8Array(16 * 1024 - 4).map((_, at) => block[at % block.length]);
  const nothing = await packed((at) => at === 0 ? head.slice() : blocks.slice());
  ok(nothing.bytes < 1.1 * MB, `${nothing.bytes} bytes`);
  const little = await packed((at) =>
    at === 0 ? head.slice() : Uint8Array.from([...scarce, ...blocks])
  );
  ok(little.bytes < 1.1 * MB, `${little.bytes} bytes`);
  const tiny = await packed((at) => at === 0 ? head.slice() : block.slice());
  ok(tiny.pieces < 5000, `${tiny.pieces} pieces`);
});

Deno.test("what cannot be compressed may be compressed all the same", async () => {
  const plain = new Uint8Array(4 * MB);
  for (let at = 0; at < plain.length; at += 65_536) {
    crypto.getRandomValues(plain.subarray(at, at + 65_536));
  }
  ok(deflateRawSync(plain).length > plain.length);
  const headers = { "content-encoding": "deflate" };
  const send = () => Promise.resolve(new Response(new Uint8Array(deflateSync(plain)), { headers }));
  equal((await (await sendForPlain(send, { headers: {} })).bytes()).length, plain.length);
});
