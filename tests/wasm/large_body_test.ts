import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { processImages } from "../../pkg/generation_queue.js";
import { options, queueWith, Service, untouched } from "./services.ts";

/** Large enough that it is received, and sent, piece by piece. */
const PNG = new Uint8Array(7_000_001).map((_, i) => i * 31 + (i >> 8));
PNG.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

const REPLY = new TextEncoder().encode(JSON.stringify({
  candidates: [{
    content: { parts: [{ inlineData: { mimeType: "image/png", data: base64(PNG) } }] },
  }],
}));

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3000) {
    text += btoa(String.fromCharCode(...bytes.subarray(i, i + 3000)));
  }
  return text;
}

/** A body as a network delivers it: in pieces of no particular size, or of no more than `most`. */
function pieces(bytes: Uint8Array, type?: "bytes", most = 90_000): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    type,
    pull(controller: ReadableStreamDefaultController | ReadableByteStreamController) {
      if (at === bytes.length) return controller.close();
      const piece = bytes.slice(at, at + 1 + (at * 7919) % most);
      at += piece.length;
      controller.enqueue(piece);
    },
  } as UnderlyingSource<Uint8Array>);
}

function run(pgmq: Service, gemini: Service, storage: Service) {
  return processImages(
    { pgmq, gemini, storage, vertex: untouched(""), source: untouched("") },
    options(),
  );
}

const stored = () =>
  new Service("http://storage.test/storage/v1", () => Response.json({ Key: "k" }));

for (const type of ["bytes", undefined] as const) {
  const stream = type === "bytes" ? "a stream of bytes" : "any other stream";
  Deno.test(`a large image comes out of ${stream} and goes into storage unchanged`, async () => {
    const gemini = new Service(
      "http://gemini.test/v1beta",
      () => new Response(pieces(REPLY, type)),
    );
    const storage = stored();
    const report = await run(queueWith({ storyboardId: "sb", prompt: "p" }), gemini, storage);
    equal(report.succeeded, 1);
    deepEqual(storage.seen[0].body, PNG);
    equal(storage.seen[0].headers.get("content-type"), "image/png");
  });
}

Deno.test("a body in thousands of pieces takes no more functions than one in a few", async () => {
  const { register } = FinalizationRegistry.prototype;
  const functionsFor = async (most: number) => {
    let functions = 0;
    FinalizationRegistry.prototype.register = function (...given) {
      functions++;
      register.apply(this, given);
    };
    const gemini = new Service(
      "http://gemini.test/v1beta",
      () => new Response(pieces(REPLY, "bytes", most)),
    );
    const report = await run(queueWith({ storyboardId: "sb", prompt: "p" }), gemini, stored());
    equal(report.succeeded, 1);
    return functions;
  };
  try {
    const few = await functionsFor(2_000_000);
    ok(few > 0);
    equal(await functionsFor(8_000), few);
  } finally {
    FinalizationRegistry.prototype.register = register;
  }
});

Deno.test("a large source image goes into the request unchanged", async () => {
  const gemini = new Service("http://gemini.test/v1beta", () => new Response(pieces(REPLY)));
  const storage = new Service(
    "http://storage.test/storage/v1",
    (request) =>
      request.method === "GET" ? new Response(pieces(PNG, "bytes")) : Response.json({ Key: "k" }),
  );
  const url = "http://storage.test/storage/v1/object/public/sources/a.png";
  const message = { storyboardId: "sb", prompt: "p", editMode: true, sourceImageUrl: url };
  const report = await run(queueWith(message), gemini, storage);
  equal(report.succeeded, 1);
  const [{ parts }] = JSON.parse(new TextDecoder().decode(gemini.seen[0].body)).contents;
  equal(parts[1].inlineData.data, base64(PNG));
});

Deno.test("the core reads the reply of a service that has not read the whole request", async () => {
  const gemini = new Service("http://gemini.test/v1beta", () => new Response(pieces(REPLY)));
  let unread: ReadableStream<Uint8Array> | undefined;
  const storage = {
    url: "http://storage.test/storage/v1",
    fetch(_url: string, { body: sent }: RequestInit) {
      unread ??= sent as ReadableStream<Uint8Array>; // the next one looks for the object
      const body = { statusCode: "413", error: "Payload too large", message: "too large for it" };
      return Promise.resolve(Response.json(body, { status: 400 }));
    },
  };
  const pgmq = queueWith({ storyboardId: "sb", prompt: "p" });
  const { jobs: [job] } = await processImages(
    { pgmq, gemini, storage, vertex: untouched(""), source: untouched("") },
    options(),
  );
  equal(job.error?.code, "storage_failed");
  ok(job.error?.message.includes("too large for it"), job.error?.message);
  // Its memory is free again: reading on fails.
  await rejects(Array.fromAsync(unread!), /the request has been aborted/);
});

Deno.test("the memory of what was sent is free when its request is over, and not before", async () => {
  const gemini = new Service("http://gemini.test/v1beta", () => new Response(pieces(REPLY)));
  const sent: Uint8Array[] = [];
  const storage = {
    url: "http://storage.test/storage/v1",
    async fetch(_url: string, { body }: RequestInit) {
      for await (const piece of body as ReadableStream<Uint8Array>) sent.push(piece);
      equal(sent.reduce((sum, { length }) => sum + length, 0), PNG.length);
      return Response.json({ Key: "k" });
    },
  };
  const pgmq = queueWith({ storyboardId: "sb", prompt: "p" });
  const report = await processImages(
    { pgmq, gemini, storage, vertex: untouched(""), source: untouched("") },
    options(),
  );
  equal(report.succeeded, 1);
  ok(sent.length > 1 && sent.every(({ length }) => length === 0));
});

for (
  const [arrives, outcome, code] of [
    [REPLY.length - 5, "succeeded", undefined],
    [6_000_000, "retrying", "reply_lost"],
    [0, "retrying", "reply_lost"],
  ] as const
) {
  Deno.test(`a stream that breaks behind ${arrives} bytes: ${outcome}`, async () => {
    const broken = () => {
      const reader = pieces(REPLY.slice(0, arrives), "bytes").getReader();
      return new ReadableStream<Uint8Array>({
        async pull(controller) {
          const { done, value } = arrives ? await reader.read() : { done: true };
          if (done || !value) controller.error(new TypeError("connection reset"));
          else controller.enqueue(value);
        },
      });
    };
    const gemini = new Service("http://gemini.test/v1beta", () => new Response(broken()));
    const storage = stored();
    const message = { storyboardId: "sb", prompt: "p" };
    const { jobs: [job] } = await run(queueWith(message), gemini, storage);
    equal(gemini.seen.length, 1);
    deepEqual([job.outcome, job.error?.code], [outcome, code]);
    if (outcome === "succeeded") deepEqual(storage.seen[0].body, PNG);
  });
}
