/**
 * Files that the runtime passes on by itself. One whose pieces go through JavaScript on their way to Storage, to
 * notice that it was cut, takes two to three times the CPU time.
 *
 * Two things vouch for such a file instead. The transfer does: over HTTP/1.1 Deno reports a body that ends before
 * its length. (Over HTTP/2 one that is reset as cancelled, or without an error, looks complete.) And a look at the
 * beginning of each of its parts, whose lengths have to add up to that of the body.
 */

import { bytesOf, KB } from "./bounded_body.ts";
import { http1 } from "./lookup.ts";
import type { Init, Send } from "./requests.ts";
import { Boxes, followerOf, type Known, whole } from "./whole.ts";

/** How the core asks for a file that is only passed on: all of it, of a host that gives parts of files. */
const ALL = "bytes=0-";

/** As many bytes as show the beginning of several parts, where they are small. */
const LOOK = 64;

/** A video has its data in one part, beside three or four others. */
const MOST_LOOKS = 5;

/** More than this of a body is no part of it, whatever its status says. */
const MOST_OF_PART = 4 * KB;

/** Whether a request is for such a file, or for its first bytes. */
export function isPassedOn({ headers }: Init): boolean {
  return headers.range !== undefined;
}

/** The reply with the file; where its end is not known beforehand, the file is watched on its way. */
export async function passOn(send: Send, url: string, init: Init): Promise<Response> {
  // What only reads may be repeated, so the connection is kept for the next request.
  const { range: asked, connection: _, ...headers } = init.headers;
  const client = http1();
  const get = (range?: string) =>
    send(url, {
      ...init,
      headers: { ...headers, ...(range && { range }) },
      ...(client && { client }),
    });
  if (asked !== ALL) return whole(await get(asked));
  const known: Known = {};
  if (client) await lookAtParts(get, known);
  const response = await get();
  const isVouchedFor = response.headers.get("content-length") === `${known.length}`;
  return response.status === 200 && isVouchedFor ? response : whole(response, known);
}

/** Notes how a file of parts starts; and its length, if it ends where its last part does. */
async function lookAtParts(get: (range: string) => Promise<Response>, known: Known) {
  let parts;
  for (let looks = 0, at = 0; looks < MOST_LOOKS; looks++) {
    const { status, headers, body } = await get(`bytes=${at}-${at + LOOK - 1}`);
    const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get("content-range") ?? "");
    const [start, length] = range?.slice(1).map(Number) ?? [];
    if (status !== 206 || start !== at) return void await body?.cancel();
    const bytes = await bytesOf(body, MOST_OF_PART).catch(() => undefined);
    if (!bytes) return;
    parts ??= followerOf(bytes, true);
    if (!(parts instanceof Boxes)) return;
    known.start ??= bytes;
    parts.pass(bytes);
    at += bytes.length;
    at += parts.skip(length - at);
    if (at === length) {
      if (parts.isWhole()) known.length = length;
      return;
    }
  }
}
