/**
 * Bodies that are read as a whole. What sends one may be broken or hostile, and a body may have no end; so
 * each reader says how much is enough.
 */

/** A body has more bytes than are read of it. */
export class BodyTooLong extends Error {
  override name = "BodyTooLong";

  constructor(most: number) {
    super(`the body has more than ${most >= MB ? `${most / MB} MB` : `${most / KB} KB`}`);
  }
}

export const KB = 1024;
export const MB = 1024 * KB;

type Body = ReadableStream<Uint8Array<ArrayBuffer>> | null;

/**
 * The bytes of a body.
 *
 * @throws {BodyTooLong} The rest has not been received then.
 */
export async function bytesOf(body: Body, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const piece of body ?? []) {
    length += piece.length;
    if (length > most) throw new BodyTooLong(most);
    pieces.push(piece);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** With them a body is longer than it says: unpacked, or in chunks in spite of its length. */
const OTHER_LENGTHS = ["content-encoding", "transfer-encoding"];

/**
 * The text of a request or a reply. One that says how long it is ends there, so it is received at once: piece by
 * piece takes a worker's first one a millisecond.
 *
 * @throws {BodyTooLong}
 */
export async function textOf(message: Request | Response, most: number): Promise<string> {
  const { headers } = message;
  const length = Number(headers.get("content-length") ?? Infinity);
  if (length <= most && !OTHER_LENGTHS.some((name) => headers.has(name))) {
    return await message.text();
  }
  return new TextDecoder().decode(await bytesOf(message.body, most));
}
