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

/**
 * A body as text.
 *
 * @throws {BodyTooLong}
 */
export async function textOf(body: Body, most: number): Promise<string> {
  return new TextDecoder().decode(await bytesOf(body, most));
}
