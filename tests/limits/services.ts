/**
 * All services that a function calls, with bodies of any size: the queue, Storage and the models on one
 * loopback server, which keeps none of the bytes.
 */

import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { ReadableStream as WebStream } from "node:stream/web";
import { constants, createBrotliCompress, createDeflate, createGzip, gzipSync } from "node:zlib";

/** The work of the services. Sizes are in bytes. */
export interface Sizes {
  /** How many jobs the queue holds. */
  jobs: number;
  kind: "image" | "video";
  /** The size of an asset. */
  asset: number;
  /** The size of a source image. Default: no source image. */
  source?: number;
  /** How many source images a job has. Default: one. */
  sources?: number;
  /** Whether the video is inside the reply instead of in a bucket. */
  inline?: boolean;
  /** Whether the bucket gives parts of the video. */
  parts?: boolean;
  /** How sources, replies of the provider and videos are compressed, although no one asks for it. */
  coding?: "gzip" | "br" | "deflate";
  /** What is lied about, and of which bodies. */
  lie?: { about: Lie; of: "sources" | "assets" };
  /** What is answered instead, by the path that was asked for. */
  instead?: (path: string) => Response | undefined;
}

/**
 * A length below or above that of the body, chunks that end before it does, or a coding that is said and not used, or
 * used and not said.
 */
export type Lie = "too short" | "too long" | "cut" | "said to be gzip" | "not said to be gzip";

export interface Services extends AsyncDisposable {
  url: string;
  /** Bytes of each object that was stored, in the order in which they arrived. */
  stored: number[];
  /** The calls of database functions. */
  told: { name: string; arguments: Record<string, unknown> }[];
  /** How many jobs were claimed. */
  taken(): number;
  /** Resolves when the first object has been stored. */
  begun: Promise<void>;
}

const PNG = Uint8Array.from(
  `\x89PNG\r\n\x1a\n\0\0\0\rIHDR${"\0".repeat(17)}`,
  (character) => character.charCodeAt(0),
);
const MP4 = new TextEncoder().encode("\0\0\0\x10ftypisom\0\0\x02\0");
const PIECE = 64 * 1024;
const OPERATION = "projects/p/locations/us-central1/publishers/google/models/veo/operations/big";

export function startServices(sizes: Sizes): Services {
  const stored: number[] = [];
  const begun = Promise.withResolvers<void>();
  const told: Services["told"] = [];
  let waiting = sizes.jobs;

  const taken = (quantity: number) =>
    Array.from(
      { length: Math.min(waiting, quantity) },
      () => claim(waiting--, sizes, services.url),
    );

  const rpc = async (name: string, request: Request): Promise<Response> => {
    const given = await request.json();
    told.push({ name, arguments: given });
    switch (name) {
      case "claim_generation_jobs":
        return Response.json(taken(given.quantity));
      case "complete_generation_job": {
        const claims = given.next ? taken(given.next.quantity) : null;
        return Response.json({ held: true, entities: [], publications: [], claims });
      }
      case "confirm_generation_publication":
        return Response.json([]);
      case "maintain_generation_queue":
        return Response.json({ unpublished: [], cancelled: [] });
      default:
        return Response.json(true);
    }
  };

  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      const instead = sizes.instead?.(pathname);
      if (instead) {
        await length(request.body);
        return instead;
      }
      if (pathname.startsWith("/rest/v1/rpc/")) return await rpc(pathname.slice(13), request);
      if (pathname.startsWith("/storage/v1/object/public/sources/")) {
        const { source = 0, lie } = sizes;
        if (lie?.of === "sources") return await lyingReply(file(PNG, source), lie.about, sizes);
        return await reply(file(PNG, source), sizes);
      }
      if (pathname.startsWith("/storage/v1/object/") && request.method === "POST") {
        stored.push(await length(request.body));
        begun.resolve();
        return Response.json({ Key: "stored" });
      }
      if (pathname.endsWith(":generateContent")) {
        await length(request.body);
        return await asset(imageReply(sizes.asset), sizes);
      }
      if (pathname.endsWith(":predictLongRunning")) {
        await length(request.body);
        return Response.json({ name: OPERATION });
      }
      if (pathname === "/token") return Response.json({ access_token: "any", expires_in: 3599 });
      if (pathname.endsWith(":fetchPredictOperation")) return await videoReply(sizes);
      if (pathname === "/storage/v1/b/big/o/video.mp4") {
        if (sizes.parts) return part(sizes.asset, request.headers.get("range"));
        return await asset(file(MP4, sizes.asset), sizes);
      }
      return Response.json({ message: `nothing is at ${pathname}` }, { status: 500 });
    },
  );
  const services: Services = {
    url: `http://127.0.0.1:${server.addr.port}`,
    stored,
    told,
    taken: () => sizes.jobs - waiting,
    begun: begun.promise,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  return services;
}

/** A claim of a job, whose sources are at the service. */
function claim(number: number, { kind, source, sources = 1 }: Sizes, url: string) {
  return {
    job_id: `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`,
    msg_id: number,
    lease_token: 1,
    attempts: 1,
    message: {
      storyboardId: "big",
      prompt: "Something large",
      ...(source && {
        [kind === "image" ? "sourceImageUrls" : "referenceImageUrls"]: Array.from(
          { length: sources },
          (_, at) => `${url}/storage/v1/object/public/sources/${number}-${at}.png`,
        ),
        ...(kind === "image" && { editMode: true }),
      }),
    },
  };
}

const COMPRESS = { gzip: createGzip, br: createBrotliCompress, deflate: createDeflate };

let compressed = 0;

/** A body as the host sends it. Every second compressed one is sent with its length, the others in chunks. */
async function reply(body: ReadableStream<Uint8Array>, { coding }: Sizes): Promise<Response> {
  if (!coding) return new Response(body);
  const whole = new Blob([await pack(body, coding)]);
  const sent = compressed++ % 2 === 0 ? whole : whole.stream();
  return new Response(sent, { headers: { "content-encoding": coding } });
}

async function pack(body: ReadableStream<Uint8Array>, coding: Sizes["coding"]) {
  if (!coding) return await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).bytes();
  const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
  const compress = COMPRESS[coding](coding === "br" ? options : {});
  return new Uint8Array(await buffer(Readable.fromWeb(body as WebStream).pipe(compress)));
}

async function asset(body: ReadableStream<Uint8Array>, sizes: Sizes): Promise<Response> {
  const { lie } = sizes;
  return lie?.of === "assets" ? await lyingReply(body, lie.about, sizes) : await reply(body, sizes);
}

async function lyingReply(
  body: ReadableStream<Uint8Array>,
  lie: Lie,
  { coding }: Sizes,
): Promise<Response> {
  const bytes = await pack(body, coding);
  const less = Math.floor(bytes.length * 0.7);
  const headers = new Headers(coding && { "content-encoding": coding });
  const sent = (length: number) =>
    pieces(length, (piece, at) => piece.set(bytes.subarray(at, at + piece.length)));
  switch (lie) {
    case "too short":
    case "too long":
      headers.set("content-length", String(lie === "too short" ? less : less * 2));
      return new Response(sent(bytes.length), { headers });
    case "cut":
      return new Response(sent(less), { headers });
    case "said to be gzip":
      return new Response(bytes, { headers: { "content-encoding": "gzip" } });
    case "not said to be gzip":
      return new Response(gzipSync(bytes).slice());
  }
}

/** A video, or those of its bytes that are asked for, all at its beginning. */
function part(size: number, range: string | null): Response {
  const video = file(MP4, size);
  if (!range) return new Response(video, { headers: { "content-length": String(size) } });
  const last = Number(range.match(/\d+$/));
  const headers = { "content-range": `bytes 0-${last}/${size}`, "content-length": `${last + 1}` };
  const cut = new TransformStream<Uint8Array, Uint8Array>({
    transform(piece, controller) {
      controller.enqueue(piece.subarray(0, last + 1));
      controller.terminate();
    },
  });
  return new Response(video.pipeThrough(cut), { status: 206, headers });
}

/** A file of a format, known by its first bytes; one part of it, with its length, is all the rest. */
function file(head: Uint8Array, size: number): ReadableStream<Uint8Array> {
  return pieces(size, (piece, start) => {
    if (start > 0) return;
    piece.set(head);
    const rest = size - head.length;
    const length = head === PNG ? rest - 12 : rest;
    new DataView(piece.buffer).setUint32(head.length, length);
    piece.set(new TextEncoder().encode(head === PNG ? "IDAT" : "mdat"), head.length + 4);
  });
}

function imageReply(size: number): ReadableStream<Uint8Array> {
  return around(
    '{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"image/png","data":"',
    base64(PNG, size),
    '"}}]},"finishReason":"STOP"}]}',
  );
}

async function videoReply(sizes: Sizes): Promise<Response> {
  const { asset, inline } = sizes;
  const before =
    `{"name":"${OPERATION}","done":true,"response":{"videos":[{"mimeType":"video/mp4",`;
  const after = '"}]}}';
  if (!inline) return new Response(`${before}"gcsUri":"gs://big/video.mp4${after}`);
  return await reply(around(`${before}"bytesBase64Encoded":"`, base64(MP4, asset), after), sizes);
}

/** Base64 of a file of a format; what follows its first bytes is nothing but `A`. */
function base64(head: Uint8Array, size: number): ReadableStream<Uint8Array> {
  const first = new TextEncoder().encode(btoa(String.fromCharCode(...head)).replaceAll("=", "A"));
  return pieces(Math.ceil(size / 3) * 4, (piece, start) => {
    piece.fill(0x41);
    if (start === 0) piece.set(first);
  });
}

function pieces(
  size: number,
  fill: (piece: Uint8Array, start: number) => void,
): ReadableStream<Uint8Array> {
  let start = 0;
  return new ReadableStream({
    pull(controller) {
      if (start >= size) return controller.close();
      const piece = new Uint8Array(Math.min(PIECE, size - start));
      fill(piece, start);
      start += piece.length;
      controller.enqueue(piece);
    },
  });
}

function around(
  before: string,
  body: ReadableStream<Uint8Array>,
  after: string,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(before)),
    flush: (controller) => controller.enqueue(encoder.encode(after)),
  });
  body.pipeTo(writable).catch(() => {}); // the caller has cancelled the reply
  return readable;
}

async function length(body: ReadableStream<Uint8Array> | null): Promise<number> {
  let bytes = 0;
  for await (const piece of body ?? []) bytes += piece.length;
  return bytes;
}
