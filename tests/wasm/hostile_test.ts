/**
 * Whatever the core receives, it ends in a report or in an error with a name, and the next run works.
 * A trap (`RuntimeError`) would leave its memory in an undefined state for every later run.
 */
import { equal, ok } from "node:assert/strict";
import {
  processImages,
  processVideos,
  validateImageJob,
  validateVideoJob,
} from "../../pkg/generation_queue.js";
import { options, queueWith, Service } from "./services.ts";
import { withoutPauses } from "./timers.ts";

withoutPauses();

const PNG = "iVBORw0KGgoAAAANSUhEUg==";
const MESSAGE = {
  storyboardId: "sb",
  sceneId: "s",
  prompt: "A hero",
  editMode: true,
  sourceImageUrl: "http://storage.test/storage/v1/object/public/a/b.png",
};
const IMAGE = { candidates: [{ content: { parts: [{ inlineData: { data: PNG } }] } }] };
const OPERATION = {
  name: "models/veo-3.1-fast-generate-preview/operations/o",
  done: true,
  response: {
    generateVideoResponse: { generatedSamples: [{ video: { uri: "http://veo.test/f" } }] },
  },
};

/** A valid reply, for every service. */
function good(request: Request): Response {
  const { hostname, pathname } = new URL(request.url);
  if (hostname === "gemini.test") return Response.json(IMAGE);
  if (pathname.endsWith("/f")) return new Response("\0\0\0\x20ftypisom\0\0\x02\0");
  if (hostname === "veo.test") return Response.json(OPERATION);
  if (request.method === "GET") return new Response(bytes(PNG));
  return Response.json(pathname.includes("/list/") ? [] : { Key: "stored" });
}

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

type Reply = (request: Request) => unknown;

/** Runs one job of each kind against services of which one answers by `reply`. */
async function suffer(which: string, reply: Reply): Promise<void> {
  const service = (name: string, url: string) =>
    name === which ? { url, fetch: reply as never } : new Service(url, good);
  const queue = (claim = {}) => {
    const { url, fetch } = queueWith(MESSAGE, { claim });
    return { url, fetch: which === "pgmq" ? reply as never : fetch };
  };
  const storage = service("storage", "http://storage.test/storage/v1");
  const source = service("source", "");
  const gemini = service("gemini", "http://gemini.test/v1beta");
  const veo = service("veo", "http://veo.test/v1beta");
  const short = { ...options(), budgetSeconds: 0.05, maxJobs: 2 };
  const veoOptions = { ...short, models: ["veo-3.1-fast-generate-preview"] };
  const operation = { model: veoOptions.models[0], name: OPERATION.name };
  for (
    const run of [
      processImages({ pgmq: queue(), gemini, vertex: source, storage, source }, short),
      processVideos({ pgmq: queue(), veo, vertex: source, storage, source }, veoOptions),
      processVideos(
        { pgmq: queue({ operation }), veo, vertex: source, storage, source },
        veoOptions,
      ),
    ]
  ) {
    const report = await run;
    ok(report.jobs.length <= 2, JSON.stringify(report));
  }
}

/** The core still works. */
async function works(): Promise<void> {
  const storage = new Service("http://storage.test/storage/v1", good);
  const gemini = new Service("http://gemini.test/v1beta", good);
  const source = new Service("", good);
  const report = await processImages(
    { pgmq: queueWith(MESSAGE), gemini, vertex: source, storage, source },
    options(),
  );
  equal(report.succeeded, 1, JSON.stringify(report));
}

const text = (body: string): Reply => () => new Response(body);
const stream = (source: UnderlyingDefaultSource<unknown>): Reply => () =>
  new Response(new ReadableStream(source) as ReadableStream<Uint8Array<ArrayBuffer>>);
const withBody = (body: unknown): Reply => () => {
  const response = new Response("x");
  Object.defineProperty(response, "body", { value: body });
  return response;
};

const HOSTILE: Record<string, Reply> = {
  "nothing": () => undefined,
  "null": () => null,
  "a number": () => 7,
  "an object": () => ({ status: 200, headers: new Headers(), body: null }),
  "a symbol": () => Symbol("x"),
  "throws an error": () => {
    throw new TypeError("no");
  },
  "throws undefined": () => {
    throw undefined;
  },
  "throws a proxy that throws": () => {
    throw new Proxy({}, {
      get() {
        throw new Error("again");
      },
    });
  },
  "rejects with a string": () => Promise.reject("no"),
  "rejects with a symbol": () => Promise.reject(Symbol("no")),
  "rejects with nothing": () => Promise.reject(),
  "a thenable that throws": () => ({
    then() {
      throw new Error("no");
    },
  }),
  "an error response": () => Response.error(),
  "no body": () => new Response(null, { status: 204 }),
  "an empty body": text(""),
  "HTML": text("<html>no</html>"),
  "half of a JSON": text('{"candidates":[{"content"'),
  "deep nesting": text("[".repeat(200_000)),
  "deep nesting that ends": text("[".repeat(200_000) + "]".repeat(200_000)),
  "a huge number": text('{"a":1e999,"b":-1e999,"c":' + "9".repeat(5000) + "}"),
  "very many values": text(`[${"0,".repeat(2_000_000)}0]`),
  "a list of the wrong things": text('[null,1,"a",[],{},{"job_id":7,"msg_id":"x","message":[]}]'),
  "members of the wrong type": text(
    '{"name":7,"done":"yes","response":[],"error":true,"candidates":{"content":1}}',
  ),
  "half a surrogate pair": text('{"error":{"message":"\\ud83d"}}'),
  "bytes that are no UTF-8": () => new Response(new Uint8Array([0x22, 0xff, 0xfe, 0x80, 0x22])),
  "a body that fails": stream({ pull: (controller) => controller.error(new Error("cut")) }),
  "a body that fails with nothing": stream({ pull: (controller) => controller.error() }),
  "a body of texts": stream({ pull: (c) => (c.enqueue("a"), c.close()) }),
  "a body of numbers": stream({ pull: (c) => (c.enqueue(7), c.close()) }),
  "a body of empty pieces": stream({
    start: (c) => {
      for (let i = 0; i < 100; i++) c.enqueue(new Uint8Array());
      c.close();
    },
  }),
  "a body whose memory is gone": stream({
    start: (c) => {
      const piece = new Uint8Array(8);
      c.enqueue(piece);
      structuredClone(piece.buffer, { transfer: [piece.buffer] });
      c.close();
    },
  }),
  "a body that is locked": () => {
    const response = new Response("x");
    response.body!.getReader();
    return response;
  },
  "a body that was read": async () => {
    const response = new Response("x");
    await response.text();
    return response;
  },
  "a body that is no stream": withBody(7),
  "a body that claims to be a stream": withBody({ getReader: () => ({}), tee: () => [] }),
  "a redirect to nowhere": () => new Response(null, { status: 302 }),
  "a redirect to itself": (request) =>
    new Response(null, { status: 302, headers: { location: request.url } }),
  "a redirect to no URL": () =>
    new Response(null, { status: 307, headers: { location: "http://[" } }),
  "odd headers": () =>
    new Response("{}", {
      status: 429,
      headers: { "retry-after": "9".repeat(400), "content-length": "-1", "date": "never" },
    }),
  "headers in no alphabet": () => new Response("x", { headers: { location: "\xff\xfe" } }),
  "headers that are none": () => {
    const response = new Response("{}");
    Object.defineProperty(response, "headers", { value: 7 });
    return response;
  },
  "headers that throw": () => {
    const response = new Response("{}");
    const headers = new Headers();
    headers.get = () => {
      throw "no";
    };
    Object.defineProperty(response, "headers", { value: headers });
    return response;
  },
  ...Object.fromEntries(["status", "headers", "body"].map((name): [string, Reply] => [
    `a Response whose ${name} throws`,
    () =>
      Object.defineProperty(new Response("{}"), name, {
        get() {
          throw new Error("no");
        },
      }),
  ])),
  "a Response by its prototype alone": () => Object.create(Response.prototype),
  "a body that is a stream by its prototype alone": withBody(
    Object.create(ReadableStream.prototype),
  ),
  "a body that cannot be cancelled": (request) => {
    const body = new Response("{}").body!;
    const no = () => {
      throw new Error("no");
    };
    Object.defineProperty(body, "cancel", { value: no });
    const response = new Response(null, { status: 302, headers: { location: request.url } });
    return Object.defineProperty(response, "body", { value: body });
  },
  "a body of what is bytes by its prototype alone": stream({
    pull: (c) => (c.enqueue(Object.create(Uint8Array.prototype)), c.close()),
  }),
  "a body of bytes whose length throws": stream({
    pull: (c) => {
      const piece = Object.defineProperty(new Uint8Array(8), "length", {
        get() {
          throw new Error("no");
        },
      });
      c.enqueue(piece);
      c.close();
    },
  }),
  "a body of bytes with a subarray of its own": stream({
    pull: (c) => {
      const no = () => {
        throw new Error("no");
      };
      c.enqueue(Object.defineProperty(new Uint8Array(8), "subarray", { value: no }));
      c.close();
    },
  }),
  "a status that cannot be": () => {
    const response = new Response("{}");
    Object.defineProperty(response, "status", { value: 99_999 });
    return response;
  },
};

for (const which of ["pgmq", "gemini", "veo", "storage", "source"]) {
  Deno.test(`no reply of ${which} traps the core`, async (test) => {
    for (const [name, reply] of Object.entries(HOSTILE)) {
      await test.step(name, async () => {
        await suffer(which, reply);
        await works();
      });
    }
  });
}

const withoutText = (message: unknown) => Object.assign(new Error("x"), { message });
const unreadable = Object.defineProperty(new Error("x"), "message", {
  get() {
    throw new Error("no");
  },
});
const THROWN: [name: string, thrown: unknown][] = [
  ["a string", "no"],
  ["a number", 7],
  ["null", null],
  ["an object", {}],
  ["an error whose message is a number", withoutText(42)],
  ["an error without a message", withoutText(undefined)],
  ["an error whose message cannot be read", unreadable],
  ["an error whose cause has no message", new Error("x", { cause: withoutText(null) })],
  ["an error whose cause cannot be read", new Error("x", { cause: unreadable })],
];

for (const [name, thrown] of THROWN) {
  Deno.test(`${name} that an adapter throws becomes an error, never a trap`, async () => {
    const ways: Record<string, Reply> = {
      "fetch throws": () => {
        throw thrown;
      },
      "fetch rejects": () => Promise.reject(thrown),
      "the body fails at once": stream({ start: (controller) => controller.error(thrown) }),
      "the body fails when read": stream({ pull: () => Promise.reject(thrown) }),
      "the body throws when read": stream({
        pull() {
          throw thrown;
        },
      }),
    };
    for (const [way, fetch] of Object.entries(ways)) {
      const pgmq = { url: "http://queue.test/rest/v1", fetch: fetch as never };
      const storage = new Service("http://storage.test/storage/v1", good);
      const gemini = new Service("http://gemini.test/v1beta", good);
      const source = new Service("", good);
      const adapters = { pgmq, gemini, vertex: source, storage, source };
      const report = await processImages(adapters, options());
      equal(report.error?.code, "queue_failed", way);
      for (const which of ["gemini", "veo", "storage", "source"]) await suffer(which, fetch);
      await works();
    }
  });
}

/** The same numbers from the same seed (mulberry32). */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

Deno.test("valid replies with bytes changed, cut or doubled trap nothing", async () => {
  const seed = Number(Deno.env.get("SEED") ?? 1 + Math.floor(Math.random() * 1e9));
  console.log(`SEED=${seed}`);
  const next = random(seed);
  const below = (n: number) => Math.floor(next() * n);
  const mangled: Reply = async (request) => {
    const reply = good(request);
    let body = new Uint8Array(await reply.arrayBuffer());
    for (let changes = 1 + below(4); changes > 0 && body.length > 0; changes--) {
      const at = below(body.length);
      const kind = below(3);
      if (kind === 0) body[at] = below(256);
      else if (kind === 1) body = body.slice(0, at);
      else body = new Uint8Array([...body.slice(0, at), ...body.slice(below(at + 1))]);
    }
    return new Response(body, { status: below(8) === 0 ? 200 + below(400) : 200 });
  };
  for (let round = 0; round < 60; round++) {
    for (const which of ["gemini", "veo", "storage", "source"]) await suffer(which, mangled);
  }
  await works();
});

Deno.test("no value traps the validation", () => {
  const values: unknown[] = [
    null,
    NaN,
    new Proxy({}, {
      get() {
        throw new Error("no");
      },
      ownKeys() {
        throw new Error("no");
      },
    }),
    {
      get prompt() {
        throw new Error("no");
      },
    },
    { storyboardId: "\ud83d", prompt: "\0".repeat(100_000) },
    JSON.parse("[".repeat(5000) + "]".repeat(5000)),
    new Array(100_000),
    { durationSeconds: -0, aspectRatio: { toString: null } },
  ];
  for (const validate of [validateImageJob, validateVideoJob]) {
    for (const value of values) {
      try {
        validate(value);
      } catch (error) {
        ok(!(error instanceof WebAssembly.RuntimeError), String(error));
      }
    }
  }
});
