/**
 * Bodies as they are, whatever a host does to them on the way.
 *
 * The functions ask every service for bodies that are not compressed: an image or a video is compressed
 * already, and unpacking costs more CPU time than all the rest of a job. A host may compress all the same.
 * Then Deno 2.1.4 unpacks gzip and br by itself, in small pieces, and removes the header that names them.
 * Later versions (seen in 2.9.6) do so only if the request had no `accept-encoding` of its own.
 */

import { type Init, isGet } from "./requests.ts";

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
 * Sends a request and unpacks the body of the reply. A few bytes of `br` may stand for hundreds of
 * megabytes, which only Deno itself unpacks in small pieces; so a `GET` that is answered in it is sent
 * again, for Deno to do that. A body in any other coding stays as it is: neither an image nor JSON.
 */
export async function sendForPlain(
  send: (init: Init) => Promise<Response>,
  init: Init,
): Promise<Response> {
  const headers = { ...init.headers, "accept-encoding": "identity" };
  const response = await send({ ...init, headers });
  const coding = response.headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  if (coding === "br" && isGet(init)) {
    await response.body?.cancel();
    return await send(init);
  }
  return Object.hasOwn(FORMATS, coding) ? unpacked(response, FORMATS[coding]) : response;
}

/** A reply with its body unpacked, whose length is then unknown. */
function unpacked(response: Response, format: CompressionFormat): Response {
  if (response.body === null) return response;
  const { status } = response;
  const headers = new Headers(response.headers);
  headers.delete("content-encoding");
  headers.delete("content-length");
  const body = response.body.pipeThrough(inPieces()).pipeThrough(new DecompressionStream(format));
  return new Response(body, { status, headers });
}

function inPieces(): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  return new TransformStream({
    transform(bytes, controller) {
      for (let start = 0; start < bytes.length; start += PIECE) {
        controller.enqueue(bytes.subarray(start, start + PIECE));
      }
    },
  });
}
