/**
 * Files that were cut.
 *
 * Of a body with a length, or in chunks, Deno reports the loss of its end. One with neither ends where the
 * connection does, also when the host or a proxy has broken down in the middle. And a length may be wrong.
 * So a file that says where it ends has to reach that end.
 */

import { BodyTooLong, MB } from "./bounded_body.ts";
import { watched, type Watcher } from "./watched_body.ts";

/** Follows a file as it passes by; says at its end whether that is the end of the file. */
interface Follower {
  pass(piece: Uint8Array): void;
  isWhole(): boolean;
}

/** How much of the end of a JPEG is searched for its marker; some programs write notes behind it. */
const TAIL = 4096;

/** No file is longer: a video of eight seconds has some 50 MB. A body may have no end. */
const MOST_BYTES = 512 * MB;

/** So many bytes of a file tell what it is. A host may send them one by one. */
const START = 12;

/** What is known of a file before it comes. */
export interface Known {
  start?: Uint8Array;
  length?: number;
}

/**
 * The reply to a download. A body that may have been cut becomes one that ends in an error if it was. One that is another
 * file than is known does so, too: it may be compressed without a word of it.
 */
export function whole(response: Response, known: Known = {}): Response {
  const { status, headers, body } = response;
  if (status !== 200 || body === null) return response;
  const isBounded = headers.has("content-length") || headers.has("transfer-encoding");
  return new Response(watched(body, follow(isBounded, known)), { status, headers });
}

/** Ends a body in an error that has no end, ends in the middle of its file, or is another file. */
function follow(isBounded: boolean, { start, length }: Known): Watcher {
  let first: Uint8Array | undefined = new Uint8Array();
  let follower: Follower | undefined;
  let passed = 0;
  const begin = (bytes: Uint8Array) => {
    if (start?.subarray(0, START).some((byte, at) => byte !== bytes[at])) {
      throw new TypeError("the body begins otherwise than the file");
    }
    first = undefined;
    follower = followerOf(bytes, isBounded);
    follower?.pass(bytes);
  };
  return {
    pass(piece) {
      passed += piece.length;
      if (passed > MOST_BYTES) throw new BodyTooLong(MOST_BYTES);
      if (!first) return follower?.pass(piece);
      const bytes = passed > piece.length ? joined(first, piece) : piece;
      if (bytes.length >= START) begin(bytes);
      else first = bytes.slice();
    },
    end() {
      if (first) begin(first);
      if (follower?.isWhole() === false) {
        throw new TypeError("the body ended in the middle of the file");
      }
      if (length !== undefined && passed !== length) {
        throw new TypeError(`the body has ${passed} bytes, and the file ${length}`);
      }
    },
  };
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

/** By the first bytes of a file. A JPEG says nothing of its length, and many have lost their end long ago. */
export function followerOf(first: Uint8Array, isBounded: boolean): Follower | undefined {
  const text = (from: number, to: number) => String.fromCharCode(...first.subarray(from, to));
  if (text(4, 8) === "ftyp") return new Boxes(0, boxLength, isBounded);
  if (text(0, 8) === "\x89PNG\r\n\x1a\n") return new Boxes(8, chunkLength, isBounded);
  if (text(0, 4) === "RIFF") return new Boxes(0, riffLength, isBounded);
  if (text(0, 3) === "\xff\xd8\xff" && !isBounded) return new Jpeg();
}

/** Whether a part has a name, of letters. What has none is no part: then the file does not say where it ends. */
function isNamed(head: DataView, at: number): boolean {
  return [0, 1, 2, 3].every((offset) =>
    /[a-z]/i.test(String.fromCharCode(head.getUint8(at + offset)))
  );
}

/** The length of a box of MP4 or HEIF. Infinite: to the end of the file, wherever that is. */
function boxLength(head: DataView): number {
  if (!isNamed(head, 4)) return Infinity;
  const length = head.getUint32(0);
  if (length === 1) return Number(head.getBigUint64(8));
  return length === 0 ? Infinity : Math.max(length, 8);
}

/** The length of a chunk of a PNG. After the last one anything may follow. */
function chunkLength(head: DataView): number {
  const isLast = head.getUint32(4) === 0x49454e44; // IEND
  return isLast || !isNamed(head, 4) ? Infinity : head.getUint32(0) + 12;
}

/** The length of a WebP, which is one part. */
function riffLength(head: DataView): number {
  return head.getUint32(0) === 0x52494646 ? 8 + head.getUint32(4, true) : Infinity;
}

/** A file that is made of parts which begin with their length. */
export class Boxes implements Follower {
  /** How many bytes are missing until the next part begins. */
  #left: number;
  /** The beginning of a part, as far as it has come. */
  #head: number[] = [];
  #lengthOf: (head: DataView) => number;
  /** Whether a file without even one whole part is believed: it may be no such file at all. */
  #isTrusting: boolean;
  #parts = 0;

  constructor(skip: number, lengthOf: (head: DataView) => number, isTrusting: boolean) {
    this.#left = skip;
    this.#lengthOf = lengthOf;
    this.#isTrusting = isTrusting;
  }

  pass(piece: Uint8Array): void {
    for (let at = 0; at < piece.length;) {
      at += this.skip(piece.length - at);
      while (this.#left === 0 && at < piece.length) {
        this.#head.push(piece[at++]);
        if (this.#head.length === 16) this.#begin();
      }
    }
  }

  /** Passes over the rest of a part, or over `most` bytes of it; gives how many bytes that were. */
  skip(most: number): number {
    const skipped = Math.min(this.#left, most);
    this.#left -= skipped;
    return skipped;
  }

  /** A part of less than 16 bytes ends within these; what follows begins the next one. */
  #begin(): void {
    const head = this.#head;
    const length = this.#lengthOf(new DataView(new Uint8Array(head).buffer));
    this.#parts += 1;
    this.#head = length < 16 ? head.slice(length) : [];
    this.#left = Math.max(length - 16, 0);
  }

  isWhole(): boolean {
    const head = this.#head;
    if (this.#left === Infinity || (this.#isTrusting && this.#parts < 2)) return true;
    if (this.#left > 0 || head.length === 0) return this.#left === 0;
    // Less than a head is no part.
    if (head.length < 8) return true;
    const padded = new Uint8Array(16);
    padded.set(head);
    const length = this.#lengthOf(new DataView(padded.buffer));
    return length <= head.length || length === Infinity;
  }
}

class Jpeg implements Follower {
  #tail = new Uint8Array();

  pass(piece: Uint8Array): void {
    const end = piece.subarray(-TAIL);
    const kept = this.#tail.subarray(Math.max(this.#tail.length + end.length - TAIL, 0));
    this.#tail = joined(kept, end);
  }

  isWhole(): boolean {
    return this.#tail.some((byte, at) => byte === 0xff && this.#tail[at + 1] === 0xd9);
  }
}
