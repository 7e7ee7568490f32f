/**
 * Bodies as they are, whatever a host does to them on the way.
 *
 * The functions ask every service for bodies that are not compressed: an image or a video is compressed
 * already, and unpacking costs more CPU time than all the rest of a job. A host may compress all the same.
 * Then Deno 2.1.4 unpacks gzip and br by itself, in small pieces, and removes the header that names them.
 * Later versions (seen in 2.9.6) do so only if the request had no `accept-encoding` of its own.
 */

import { Packed, Pieces } from "./fair_body.ts";
import type { Init } from "./requests.ts";
import { watched } from "./watched_body.ts";

/** The names of content codings, and those of the formats in JavaScript. */
const FORMATS: Record<string, CompressionFormat> = {
  gzip: "gzip",
  "x-gzip": "gzip",
  deflate: "deflate",
};

/**
 * The most that is unpacked at a time, in bytes. Each piece is unpacked as a whole, and becomes a thousand
 * times as long at most.
 */
const PIECE = 1024;

/**
 * Sends a request and unpacks the body of the reply. A body in a coding that is not known stays as it is:
 * neither an image nor JSON.
 */
export async function sendForPlain(
  send: (init: Init) => Promise<Response>,
  init: Init,
): Promise<Response> {
  const headers = { ...init.headers, "accept-encoding": "identity" };
  const response = await send({ ...init, headers });
  const coding = response.headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  if (response.body === null) return response;
  if (coding === "br") return plain(response, await unbrotli(response.body));
  if (!Object.hasOwn(FORMATS, coding)) return response;
  const unpack = new DecompressionStream(FORMATS[coding]);
  const packed = new Packed();
  const body = response.body.pipeThrough(inPieces(packed)).pipeThrough(unpack);
  return plain(response, watched(body, { pass: (piece) => packed.unpack(piece) }));
}

/**
 * A reply with its body unpacked. Its length is unknown, and a packed body that came to its end may have been cut before
 * it was sent: of deflate and br nothing reports that.
 */
function plain({ status, headers: packed }: Response, body: ReadableStream<Uint8Array>): Response {
  const headers = new Headers(packed);
  for (const name of ["content-encoding", "content-length", "transfer-encoding"]) {
    headers.delete(name);
  }
  return new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>, { status, headers });
}

/**
 * Unpacks `br` in small pieces, of which a few bytes may stand for hundreds of megabytes. Loaded when a
 * body needs it: hosted functions, with Deno 2.1.4, never do.
 */
async function unbrotli(body: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array>> {
  const [{ createBrotliDecompress }, { pipeline, Readable }] = await Promise.all([
    import("node:zlib"),
    import("node:stream"),
  ]);
  const packed = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
  // The reader is told of an error. `Duplex.toWeb` ends the process when a body is cancelled: it goes on
  // to hand pieces to a stream that is closed.
  return ReadableStream.from(pipeline(packed, createBrotliDecompress(), () => {}));
}

function inPieces(
  packed: Packed,
): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  const received = new Pieces();
  return new TransformStream({
    transform(bytes, controller) {
      received.pass(bytes);
      packed.receive(bytes);
      for (let start = 0; start < bytes.length; start += PIECE) {
        controller.enqueue(bytes.subarray(start, start + PIECE));
      }
    },
  });
}
