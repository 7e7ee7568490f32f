import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { http1 } from "../../supabase/functions/_shared/lookup.ts";
import { type Begun, passOn } from "../../supabase/functions/_shared/pass_on.ts";
import type { Init } from "../../supabase/functions/_shared/requests.ts";
import { serve } from "../support/loopback.ts";

// A worker keeps it; made inside of a test, it would be a leak.
http1();

function box(name: string, content: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8 + content).fill(7);
  new DataView(bytes.buffer).setUint32(0, bytes.length);
  bytes.set(new TextEncoder().encode(name), 4);
  return bytes;
}

/** One whose length takes 64 bits. */
function largeBox(name: string, content: number): Uint8Array {
  const bytes = box(name, 8 + content);
  const head = new DataView(bytes.buffer);
  head.setUint32(0, 1);
  head.setBigUint64(8, BigInt(bytes.length));
  return bytes;
}

const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const START = box("ftyp", 24);
const FILE = join(START, box("free", 0), largeBox("mdat", 50_000), box("moov", 900));

/** A host with a file. What `change` answers instead depends on the range that is asked for. */
function host(
  file: Uint8Array<ArrayBuffer>,
  change: (range: string | null, from: number) => Response | undefined = () => undefined,
) {
  const asked: (string | null)[] = [];
  const server = serve((request) => {
    const range = request.headers.get("range");
    const [from, last] = range?.match(/\d+/g)?.map(Number) ?? [0, file.length];
    asked.push(range);
    return change(range, from) ?? (range ? part(file, from, last) : new Response(file));
  });
  return { ...server, asked };
}

function part(file: Uint8Array<ArrayBuffer>, from: number, last: number, all = file.length) {
  const bytes = file.slice(from, last + 1);
  const headers = { "content-range": `bytes ${from}-${from + bytes.length - 1}/${all}` };
  return new Response(bytes, { status: 206, headers });
}

const asAll = { headers: { range: "bytes=0-" } };
const asFirst = { headers: { range: "bytes=0-11" } };
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

/**
 * The file that a host passes on when the core has asked for its first bytes, and whether the body is that of
 * `fetch`, which JavaScript does not touch.
 */
async function passedOn(...[file, change]: Parameters<typeof host>) {
  await using server = host(file, change);
  const begun: Begun = new Map();
  await bytesOf(await passOn(fetch, server.url, asFirst, begun));
  const response = await passOn(fetch, server.url, asAll, begun);
  equal(begun.size, 0);
  const isUntouched = response.url !== "";
  return { isUntouched, bytes: await bytesOf(response), asked: server.asked };
}

/** Files, each with how many requests it takes. */
const LAYOUTS: [string, Uint8Array<ArrayBuffer>, number][] = [
  ["its index first", join(START, box("moov", 900), box("free", 0), box("mdat", 50_000)), 2],
  ["a long index first", join(START, box("moov", 30_000), box("mdat", 50_000)), 3],
  ["its index last", FILE, 3],
  ["a signature", join(START, box("uuid", 30_000), box("moov", 20), box("mdat", 50_000)), 3],
];

for (const [name, file, requests] of LAYOUTS) {
  Deno.test(`a video with ${name} is passed on as it comes, and one that was cut is an error`, async () => {
    const { isUntouched, bytes, asked } = await passedOn(file);
    ok(isUntouched);
    deepEqual(bytes, file);
    equal(asked.length, requests, `${asked}`);
    for (const length of [100, 20_000, file.length - 15, file.length - 5]) {
      await rejects(passedOn(file.slice(0, length)), /middle of the file/, `${length}`);
    }
  });
}

Deno.test("a video that does not say where it ends is passed on as it comes", async () => {
  const open = join(START, box("moov", 900), box("mdat", 50_000));
  open.fill(0, START.length + 908, START.length + 912);
  for (const file of [open, join(START, box("mdat", 50), new Uint8Array(90))]) {
    const { isUntouched, bytes } = await passedOn(file);
    ok(isUntouched);
    deepEqual(bytes, file);
  }
});

Deno.test("where the parts or the length are not known, the body is watched", async () => {
  const whole = (headers: HeadersInit) => new Response(new Blob([FILE]).stream(), { headers });
  const changes: Parameters<typeof host>[1][] = [
    () => whole({ "content-length": `${FILE.length}` }), // a host that gives no parts
    (range) => range ? part(FILE, 1, 64) : undefined, // another part
    (range) => range ? part(FILE, 0, FILE.length) : undefined, // a larger one
    (range, from) => range ? part(FILE, from, from + 63, FILE.length + 1) : undefined,
    (range, from) => range && from > 0 ? new Response(null, { status: 416 }) : undefined,
    (range) => range ? undefined : whole({}), // no length
    (range) => range ? new Response(FILE, { status: 206 }) : undefined,
  ];
  for (const change of changes) {
    const { isUntouched, bytes } = await passedOn(FILE, change);
    ok(!isUntouched);
    deepEqual(bytes, FILE);
  }
  const fragments = Array.from({ length: 20 }, () => [box("moof", 9000), box("mdat", 9000)]).flat();
  const { isUntouched, asked } = await passedOn(join(START, ...fragments));
  ok(!isUntouched);
  equal(asked.length, 6);
});

Deno.test("every request is made over HTTP/1.1, with the credentials, on a connection that is kept", async () => {
  const sent: Init[] = [];
  await using server = host(FILE);
  const headers = { range: "bytes=0-", "x-goog-api-key": "k", connection: "close" };
  const response = await passOn(
    (url, init) => {
      sent.push(init);
      return fetch(url, init);
    },
    server.url,
    { headers, redirect: "manual" },
    new Map(),
  );
  await response.body?.cancel();
  const ranges = [{ range: "bytes=0-16383" }, { range: "bytes=50056-50119" }, {}];
  deepEqual(
    sent,
    ranges.map((range) => ({
      headers: { "x-goog-api-key": "k", ...range },
      redirect: "manual",
      client: http1(),
    })),
  );
});

Deno.test("a host that gives no part of a file where one is asked for is watched", async () => {
  const cut = FILE.slice(0, -9);
  await using server = host(FILE, () => new Response(cut));
  const response = await passOn(fetch, server.url, asFirst, new Map());
  await rejects(response.arrayBuffer(), /middle of the file/);
});

Deno.test("another file than that of the parts is an error", async () => {
  const packed = new Uint8Array(4000).fill(0x1f);
  const another = join(START, box("mdat", 50));
  // Of a file with many parts the length is not known.
  const long = join(START, ...Array.from({ length: 20 }, () => box("moof", 9000)));
  const cases = [
    [FILE, packed, /begins otherwise/],
    [FILE, another, /has 90 bytes, and the file 5\d+/],
    [long, packed, /begins otherwise/],
  ] as const;
  for (const [file, other, error] of cases) {
    for (const body of [other, new Blob([other]).stream()]) {
      await rejects(passedOn(file, (range) => range ? undefined : new Response(body)), error);
    }
  }
});

Deno.test("the answer of a host without the file is passed on", async () => {
  await using gone = host(FILE, () => new Response("gone", { status: 410 }));
  const response = await passOn(fetch, gone.url, asAll, new Map());
  deepEqual([response.status, await response.text()], [410, "gone"]);
});

/** A host whose connection ends in the middle of the file. */
function cuttingHost() {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const answer = async (connection: Deno.Conn) => {
    const request = new Uint8Array(4096);
    const length = await connection.read(request) ?? 0;
    const range = /range: bytes=(\d+)-(\d+)/.exec(
      new TextDecoder().decode(request.subarray(0, length)),
    );
    const [from, last] = range?.slice(1).map(Number) ?? [0, FILE.length - 1];
    const bytes = FILE.slice(from, last + 1);
    const head = [
      `HTTP/1.1 ${range ? "206 Partial Content" : "200 OK"}`,
      `content-range: bytes ${from}-${from + bytes.length - 1}/${FILE.length}`,
      `content-length: ${bytes.length}`,
      "connection: close",
      "\r\n",
    ].join("\r\n");
    await connection.write(
      join(new TextEncoder().encode(head), range ? bytes : bytes.slice(0, -9)),
    );
    connection.close();
  };
  const serving = (async () => {
    for await (const connection of listener) await answer(connection);
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}

Deno.test("a transfer that is cut ends the upload in an error, and nothing is stored", async () => {
  const stored: number[] = [];
  await using cutting = cuttingHost();
  await using storage = serve(async (request) => {
    stored.push((await request.arrayBuffer()).byteLength);
    return new Response();
  });
  const { body, url } = await passOn(fetch, cutting.url, asAll, new Map());
  ok(url, "its body is that of `fetch`");
  const upload = { method: "POST", body, duplex: "half" };
  await rejects(fetch(storage.url, upload as RequestInit), TypeError);
  deepEqual(stored, []);
});
