import { equal, ok } from "node:assert/strict";
import { options, queueWith, Service, untouched } from "./services.ts";

// The core's memory is its own affair, so the test looks over its shoulder while it is loaded.
const instances: WebAssembly.Instance[] = [];
const { Instance } = WebAssembly;
WebAssembly.Instance = class extends Instance {
  constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
    super(module, imports);
    instances.push(this);
  }
};
// A query, so that this is an instance of its own even if another test has loaded the core.
const { processVideos } = await import(
  "../../pkg/generation_queue.js?watched"
) as typeof import("../../pkg/generation_queue.js");
WebAssembly.Instance = Instance;

function memoryOfTheCore(): number {
  // The first one decompressed the core.
  const memory = Object.values(instances[1].exports).find((it) => it instanceof WebAssembly.Memory);
  return memory!.buffer.byteLength;
}

const MEGABYTE = 1024 * 1024;
const PIECE = 64 * 1024;

/** A video of so many bytes, made as it is read; `unread` says how far the reader lags behind. */
function video(length: number) {
  let made = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = new Uint8Array(Math.min(PIECE, length - made));
      if (made === 0) piece.set(new TextEncoder().encode("\0\0\0\x20ftypisom\0\0\x02\0"));
      piece[piece.length - 1] = made / PIECE;
      made += piece.length;
      controller.enqueue(piece);
      if (made >= length) controller.close();
    },
  });
  return { body, made: () => made };
}

const OPERATION = { model: "veo-3.1-fast-generate-preview", name: "models/veo/operations/op1" };

/** A queue whose one video job has an operation already, which is where a download begins. */
function queueWithOperation(): Service {
  const message = { storyboardId: "sb", prompt: "A lion" };
  return queueWith(message, { claim: { operation: OPERATION, operation_age_seconds: 100 } });
}

/** Veo with the operation done and its file on another path of the same origin. */
function veo(file: () => Response): Service {
  return new Service("http://veo.test/v1beta", (request) => {
    if (request.url.includes("/files/")) return file();
    const uri = "http://veo.test/v1beta/files/f1:download?alt=media";
    const generatedSamples = [{ video: { uri } }];
    const response = { generateVideoResponse: { generatedSamples } };
    return Response.json({ name: OPERATION.name, done: true, response });
  });
}

Deno.test("a video of 60 MB passes from the provider to storage, and not through the core", async () => {
  const length = 60 * MEGABYTE;
  const file = video(length);
  let received = 0;
  let furthestAhead = 0;
  let mostMemory = 0;
  const storage = {
    url: "http://storage.test/storage/v1",
    async fetch(url: string, init: RequestInit): Promise<Response> {
      const request = new Request(url, init);
      equal(request.headers.get("content-type"), "video/mp4");
      for await (const piece of request.body!) {
        equal(piece.at(-1), (received / PIECE) & 0xff, "in order and unchanged");
        received += piece.length;
        furthestAhead = Math.max(furthestAhead, file.made() - received);
        mostMemory = Math.max(mostMemory, memoryOfTheCore());
      }
      return Response.json({ Key: "k" });
    },
  };
  const before = memoryOfTheCore();

  const report = await processVideos({
    pgmq: queueWithOperation(),
    veo: veo(() => new Response(file.body, { headers: { "content-type": "video/mp4" } })),
    storage,
    vertex: untouched(""),
    source: untouched(""),
  }, options({ models: [OPERATION.model] }));

  equal(report.jobs[0].outcome, "succeeded", JSON.stringify(report));
  equal(received, length);
  ok(mostMemory - before < MEGABYTE, `the core grew by ${mostMemory - before} bytes`);
  ok(furthestAhead <= 8 * PIECE, `${furthestAhead} bytes were read ahead of the upload`);
});

Deno.test("a failed upload aborts the download", async () => {
  const file = video(60 * MEGABYTE);
  const cancelled = Promise.withResolvers<void>();
  const provider = veo(() => {
    const body = new ReadableStream<Uint8Array>({
      start: () =>
        provider.seen.at(-1)!.signal.addEventListener("abort", () => cancelled.resolve()),
      async pull(controller) {
        const { value } = await reader.read();
        controller.enqueue(value!);
      },
      cancel: () => cancelled.resolve(),
    });
    return new Response(body);
  });
  const reader = file.body.getReader();
  const storage = {
    url: "http://storage.test/storage/v1",
    async fetch(_url: string, { body }: RequestInit): Promise<Response> {
      await (body as ReadableStream).getReader().read();
      throw new TypeError("connection reset");
    },
  };

  const report = await processVideos(
    {
      pgmq: queueWithOperation(),
      veo: provider,
      storage,
      vertex: untouched(""),
      source: untouched(""),
    },
    options({ models: [OPERATION.model] }),
  );

  equal(report.jobs[0].outcome, "retrying", JSON.stringify(report));
  await cancelled.promise;
  ok(file.made() < MEGABYTE, "the rest was not fetched");
});

Deno.test("a file that is no video is recognized by its first bytes and not stored", async () => {
  const report = await processVideos({
    pgmq: queueWithOperation(),
    veo: veo(() => new Response("<!doctype html><title>Sign in</title>")),
    storage: untouched("http://storage.test/storage/v1"),
    vertex: untouched(""),
    source: untouched(""),
  }, options({ models: [OPERATION.model] }));

  equal(report.jobs[0].error?.code, "download_failed", JSON.stringify(report));
});
