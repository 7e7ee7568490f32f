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

/** As many bytes as show what a video begins with: usually its index and the beginning of its data. */
const FIRST = 16 * KB;

/** As many bytes as show the beginning of several parts, where they are small. */
const LOOK = 64;

/** A video has its data in one part, beside three or four others. */
const MOST_LOOKS = 5;

/** Some bytes of a file, and its length. */
interface Part {
  bytes: Uint8Array<ArrayBuffer>;
  length: number;
}

/** The first bytes of files that the core has asked for, by the addresses of the files. */
export type Begun = Map<string, Part>;

/** Whether a request is for such a file, or for its first bytes. */
export function isPassedOn({ headers }: Init): boolean {
  return headers.range !== undefined;
}

/** The reply with the file; where its end is not known beforehand, the file is watched on its way. */
export async function passOn(send: Send, url: string, init: Init, begun: Begun): Promise<Response> {
  // What only reads may be repeated, so the connection is kept for the next request.
  const { range: asked, connection: _, ...headers } = init.headers;
  const client = http1();
  const get = (range?: string) =>
    send(url, {
      ...init,
      headers: { ...headers, ...(range && { range }) },
      ...(client && { client }),
    });
  if (asked !== ALL) return await begin(get, url, begun);
  const first = begun.get(url);
  begun.delete(url);
  const known: Known = {};
  if (client) await lookAtParts(get, known, first);
  const response = await get();
  const isVouchedFor = response.headers.get("content-length") === `${known.length}`;
  return response.status === 200 && isVouchedFor ? response : whole(response, known);
}

type Get = (range?: string) => Promise<Response>;

/** The first bytes of a file. As many are asked for as show its parts, before the file itself is asked for. */
async function begin(get: Get, url: string, begun: Begun): Promise<Response> {
  const response = await get(rangeOf(0));
  if (response.status !== 206) return whole(response);
  const part = await partOf(response, 0);
  if (part) begun.set(url, part);
  return new Response(part?.bytes.subarray(0, LOOK), { status: 206 });
}

/** Notes how a file of parts starts; and its length, if it ends where its last part does. */
async function lookAtParts(get: Get, known: Known, first?: Part): Promise<void> {
  let parts;
  for (let looks = 0, at = 0; looks < MOST_LOOKS; looks++) {
    const part = at === 0 && first || await partOf(await get(rangeOf(at)), at);
    if (!part) return;
    parts ??= followerOf(part.bytes, true);
    if (!(parts instanceof Boxes)) return;
    known.start ??= part.bytes;
    parts.pass(part.bytes);
    at += part.bytes.length;
    at += parts.skip(part.length - at);
    if (at === part.length) {
      if (parts.isWhole()) known.length = at;
      return;
    }
  }
}

function rangeOf(at: number): string {
  return `bytes=${at}-${at + (at === 0 ? FIRST : LOOK) - 1}`;
}

/** The part of a file that a reply is, if it begins there. */
async function partOf({ status, headers, body }: Response, at: number): Promise<Part | undefined> {
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get("content-range") ?? "");
  const [start, length] = range?.slice(1).map(Number) ?? [];
  if (status !== 206 || start !== at) return void await body?.cancel();
  // More than that is no part, whatever the status says.
  const bytes = await bytesOf(body, FIRST).catch(() => undefined);
  return bytes && { bytes, length };
}
