/**
 * Bodies that were compressed unasked.
 *
 * The functions ask every service for bodies as they are: an image or a video is compressed already, and
 * unpacking costs more CPU time than all the rest of a job. A host may compress all the same. Then Deno
 * 2.1.4 unpacks gzip and br by itself, and removes the header that names them; later versions (seen in
 * 2.9.6) leave a body alone if the request had an `accept-encoding` of its own.
 */

/** The names of content codings, and those of the format in JavaScript. */
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
 * A reply with its body unpacked, whose length is then unknown. One in a coding that is not known here
 * stays as it is: no image and no JSON, so the core rejects it. (`br` is not known on
 * purpose: a few bytes of it may stand for hundreds of megabytes.)
 */
export function decompressed(response: Response): Response {
  const coding = response.headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  if (response.body === null || !Object.hasOwn(FORMATS, coding)) return response;
  const { status } = response;
  const headers = new Headers(response.headers);
  headers.delete("content-encoding");
  headers.delete("content-length");
  const body = response.body.pipeThrough(inPieces())
    .pipeThrough(new DecompressionStream(FORMATS[coding]));
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
