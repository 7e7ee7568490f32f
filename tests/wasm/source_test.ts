/**
 * Source images from hosts that mean no good, through the real adapter and the real core. The hosts
 * are `*.example`; a server of the test's own answers for all of them, over real connections.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { type LogEntry, processImages } from "../../pkg/generation_queue.js";
import { imageAdapters } from "../../supabase/functions/_shared/adapters.ts";
import { readConfiguration } from "../../supabase/functions/_shared/environment.ts";
import { environmentOf, hostedValues, newKeys } from "../functions/support.ts";
import { json, options, queueWith, Service } from "./services.ts";
import { byHand } from "./timers.ts";

const MB = 1024 * 1024;
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const { configuration } = readConfiguration(environmentOf(hostedValues(newKeys())), "image");

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What became of a job whose source image is at `url`, and what was asked for on the way. */
async function edit(
  url: string,
  { send }: { send: Fetch },
) {
  const message = { storyboardId: "sb", prompt: "p", editMode: true, sourceImageUrl: url };
  const pgmq = queueWith(message);
  const gemini = new Service("http://gemini.test/v1beta", () => {
    const data = btoa(String.fromCharCode(...PNG));
    return Response.json({ candidates: [{ content: { parts: [{ inlineData: { data } }] } }] });
  });
  const storage = new Service("http://storage.test/storage/v1", () => Response.json({ Key: "k" }));
  const asked: string[] = [];
  const entries: LogEntry[] = [];
  const log = (entry: LogEntry) => entries.push(entry);
  const outside = {
    send: (url: string, init: RequestInit) => (asked.push(url), send(url, init)),
    lookup: () => Promise.resolve(["1.1.1.1"]),
    log,
  };
  const { source, vertex } = imageAdapters(configuration!, outside);
  const report = await processImages({ pgmq, gemini, vertex, storage, source }, {
    ...options(),
    log,
  });
  const settled = pgmq.seen.find(({ url }) => /fail_|defer_|complete_/.test(url.pathname))!;
  return {
    job: report.jobs[0],
    call: settled.url.pathname.split("/").at(-1),
    row: json(settled.body),
    asked,
    entries,
    gemini,
  };
}

type Outcome = Awaited<ReturnType<typeof edit>>;

function refusedFor(reason: RegExp, { job, call, row, gemini }: Outcome): void {
  deepEqual([job.outcome, call, row.error_code], [
    "failed",
    "fail_generation_job",
    "source_image_unusable",
  ]);
  match(String(row.error_message), reason);
  equal(gemini.seen.length, 0, "nothing was paid for");
}

/** A server behind every host, reached by the real `fetch`. */
async function hosts<T>(
  answer: (request: Request) => Response | Promise<Response>,
  use: (send: Fetch) => Promise<T>,
): Promise<T> {
  const closing = new AbortController();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    signal: closing.signal,
    onListen: () => {},
    onError: () => new Response(null, { status: 500 }),
  }, answer);
  try {
    return await use(sendTo(server.addr.port));
  } finally {
    closing.abort();
    await server.finished;
  }
}

function sendTo(port: number): Fetch {
  return (url, init) => fetch(`http://127.0.0.1:${port}${new URL(url).pathname}`, init);
}

/** A host that writes these bytes and hangs up, whatever it was asked. */
async function rawHost<T>(
  text: string,
  use: (send: Fetch) => Promise<T>,
): Promise<T> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(4096));
      const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
      await connection.write(bytes).catch(() => {});
      connection.close();
    }
  })();
  try {
    return await use(sendTo(listener.addr.port));
  } finally {
    listener.close();
    await serving.catch(() => {});
  }
}

/** An endless body that begins like a PNG; `sent` says how much of it was taken. */
function endless() {
  const body = { sent: 0, stream: new ReadableStream<Uint8Array<ArrayBuffer>>() };
  body.stream = new ReadableStream({
    pull(controller) {
      const piece = new Uint8Array(256 * 1024);
      if (body.sent === 0) piece.set(PNG);
      body.sent += piece.length;
      controller.enqueue(piece);
    },
  });
  return body;
}

Deno.test("a redirect to an address of raw bytes is followed as browsers follow it", async () => {
  // "é" in UTF-8 and in Latin-1. `Deno.serve` encodes what it sends, so the bytes are written by hand.
  for (
    const [bytes, path] of [[[0xc3, 0xa9], "/caf%C3%A9.png"], [[0xe9], "/caf%E9.png"]] as const
  ) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const serving = (async () => {
      using connection = await listener.accept();
      await connection.read(new Uint8Array(4096));
      const text = (it: string) => [...new TextEncoder().encode(it)];
      const head = text("HTTP/1.1 302 Found\r\nlocation: /caf");
      const rest = text(".png\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
      await connection.write(new Uint8Array([...head, ...bytes, ...rest]));
    })();
    const { port } = listener.addr as Deno.NetAddr;
    const { job, asked } = await edit("https://images.example/a.png", {
      async send(url) {
        if (!url.endsWith("/a.png")) return new Response(new Uint8Array(PNG));
        return await fetch(`http://127.0.0.1:${port}/a.png`, { redirect: "manual" });
      },
    });
    await serving;
    equal(job.outcome, "succeeded");
    deepEqual(asked, ["https://images.example/a.png", `https://images.example${path}`]);
  }
});

Deno.test("a body without a content length is aborted when it is too long", async () => {
  const body = endless();
  const outcome = await hosts(
    () => new Response(body.stream, { headers: { "content-type": "image/png" } }),
    (send) => edit("https://images.example/x.png", { send }),
  );
  refusedFor(/images\.example sent more than 20 MB/, outcome);
  // What more was sent is what fits between two ends of a connection.
  ok(body.sent >= 20 * MB && body.sent < 40 * MB, `${body.sent} bytes`);
});

Deno.test("the length of a body counts, not its content length", async () => {
  const body = endless();
  const outcome = await edit("https://images.example/x.png", {
    send: () => Promise.resolve(new Response(body.stream, { headers: { "content-length": "12" } })),
  });
  refusedFor(/sent more than 20 MB/, outcome);
  ok(body.sent < 21 * MB, `${body.sent} bytes`);
});

Deno.test("a content length that is too large is enough to reject", async () => {
  const body = endless();
  const outcome = await hosts(
    () => new Response(body.stream, { headers: { "content-length": String(21 * MB) } }),
    (send) => edit("https://images.example/x.png", { send }),
  );
  refusedFor(/sent more than 20 MB/, outcome);
  ok(body.sent < 10 * MB, `${body.sent} bytes`);
});

Deno.test("a body that is shorter than its content length is retried", async () => {
  const text = `HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n${String.fromCharCode(...PNG)}`;
  const { job, call, row, gemini } = await rawHost(
    text,
    (send) => edit("https://images.example/x.png", { send }),
  );
  deepEqual([job.outcome, call, row.error_code], [
    "retrying",
    "defer_generation_job",
    "source_image_unusable",
  ]);
  equal(gemini.seen.length, 0);
});

Deno.test("a body that is longer than its content length is cut there", async () => {
  const png = String.fromCharCode(...PNG);
  const text = `HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n${png}1234${"x".repeat(100_000)}`;
  const { gemini } = await rawHost(text, (send) => edit("https://images.example/x.png", { send }));
  ok(new TextDecoder().decode(gemini.seen[0].body).includes(btoa(`${png}1234`)));
});

Deno.test("what counts is the size of an image that is no longer compressed", async () => {
  const bomb = new Uint8Array(200 * MB);
  bomb.set(PNG);
  const small = new Uint8Array(MB);
  small.set(PNG);
  for (const [encoding, compress] of [["gzip", gzipSync], ["br", brotliCompressSync]] as const) {
    const answers: Record<string, Uint8Array> = {
      // The quality is no matter here, the time is.
      "/bomb.png": compress(encoding === "br" ? bomb.subarray(0, 30 * MB) : bomb),
      "/small.png": compress(small),
    };
    ok(answers["/bomb.png"].length < MB, "small on the wire");
    await hosts((request) => {
      const body = answers[new URL(request.url).pathname] as Uint8Array<ArrayBuffer>;
      return new Response(body, { headers: { "content-encoding": encoding } });
    }, async (send) => {
      const outcome = await edit("https://images.example/bomb.png", { send });
      refusedFor(/sent more than 20 MB/, outcome);
      equal((await edit("https://images.example/small.png", { send })).job.outcome, "succeeded");
    });
  }
});

Deno.test("a host that sends byte by byte is left, and not asked again", async () => {
  let sent = 0;
  const tiny = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => controller.enqueue(new Uint8Array(sent++ === 0 ? PNG : [0])),
  });
  const send = () => Promise.resolve(new Response(tiny));
  refusedFor(
    /images\.example sent almost nothing in many pieces$/,
    await edit("https://images.example/x.png", { send }),
  );
  ok(sent < 5000, `${sent} pieces`);
});

Deno.test("a body that drips is aborted after its timeout", async () => {
  using timers = byHand();
  const reading = Promise.withResolvers<void>();
  let pulls = 0;
  let signal: AbortSignal | undefined;
  const dripping = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      // The head of an image, then a byte each second.
      if (pulls++ === 0) return controller.enqueue(new Uint8Array(PNG));
      reading.resolve();
      await new Promise<void>((resolve) => setTimeout(resolve, 1000));
      if (!signal?.aborted) controller.enqueue(new Uint8Array(1));
    },
  });
  const running = edit("https://images.example/x.png", {
    send: (_url, init) => {
      signal = init.signal!;
      return Promise.resolve(new Response(dripping));
    },
  });
  await reading.promise;
  await timers.pass(20_000);
  const { job, row, gemini } = await running;
  deepEqual([job.outcome, row.error_code], ["retrying", "source_image_unusable"]);
  match(String(row.error_message), /images\.example could not be reached, or broke off$/);
  equal(signal?.aborted, true, "the connection is closed");
  equal(gemini.seen.length, 0);
  equal(timers.left(), 0, "no timer is left behind");
});
