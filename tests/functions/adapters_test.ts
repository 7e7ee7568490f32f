import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import type { Adapter, LogEntry } from "../../pkg/generation_queue.js";
import {
  imageAdapters,
  type Outside,
  videoAdapters,
} from "../../supabase/functions/_shared/adapters.ts";
import { readConfiguration } from "../../supabase/functions/_shared/environment.ts";
import { projectHeaders } from "../../supabase/functions/_shared/project_headers.ts";
import { serve } from "../support/loopback.ts";
import { environmentOf, hostedValues, newKeys } from "./support.ts";

const keys = newKeys();
const GOOGLE = "https://generativelanguage.googleapis.com/v1beta";

/** The adapters of both kinds, with services of the test's own. */
function adapters(
  change: Record<string, string> = {},
  answer: (request: Request) => Response = () => new Response("ok"),
) {
  const values = { ...hostedValues(keys), ...change };
  const { configuration } = readConfiguration(environmentOf(values), "image");
  const sent: Request[] = [];
  const outside = {
    send: (url: string, init: RequestInit) => {
      const request = new Request(url, init);
      sent.push(request);
      return Promise.resolve(answer(request));
    },
    lookup: () => Promise.resolve(["1.1.1.1"]),
    userAgent: "generation-queue/1.2.3 (test)",
  };
  return {
    image: imageAdapters(configuration!, outside),
    video: videoAdapters(configuration!, outside),
    sent,
    last: () => sent.at(-1)!,
  };
}

/** The headers of a request that hold a key of ours, in whatever form, and those of that name. */
function credentialsOf(request: Request) {
  const { secret, serviceRole, google } = keys;
  const isOurs = (value: string) =>
    [secret, serviceRole, google].some((key) => value.includes(key));
  const headers = [...request.headers];
  return Object.fromEntries(
    headers.filter(([name, value]) => isOurs(value) || CREDENTIALS.includes(name)),
  );
}

/** Headers that may carry a credential. */
const CREDENTIALS = [
  "api-key",
  "apikey",
  "authorization",
  "cookie",
  "cookie2",
  "host",
  "metadata",
  "metadata-flavor",
  "proxy-authorization",
  "x-amz-security-token",
  "x-api-key",
  "x-auth-token",
  "x-aws-ec2-metadata-token",
  "x-goog-api-key",
  "x-goog-iam-authorization-token",
  "x-goog-user-project",
  "x-supabase-api-key",
];

Deno.test("the adapters have the addresses of the services", () => {
  const { image, video } = adapters();
  equal(image.pgmq.url, "http://project.test/rest/v1");
  equal(image.storage.url, "http://project.test/storage/v1");
  equal(image.gemini.url, GOOGLE);
  equal(image.source.url, "");
  equal(video.veo.url, GOOGLE);
});

Deno.test("a new secret key goes into apikey only, a legacy key into both headers", () => {
  deepEqual(projectHeaders(keys.secret), { apikey: keys.secret });
  deepEqual(projectHeaders(keys.serviceRole), {
    apikey: keys.serviceRole,
    authorization: `Bearer ${keys.serviceRole}`,
  });
});

Deno.test("whatever headers the core sets, an adapter adds its own credential, and the User-Agent", async () => {
  const { image, video, last } = adapters();
  const headers = Object.fromEntries(CREDENTIALS.map((name) => [name, "smuggled"]));
  const requests: [Adapter, string, unknown][] = [
    [image.source, "https://pictures.example/a.png", {}],
    [image.pgmq, "http://project.test/rest/v1/rpc/x", { apikey: keys.secret }],
    [image.storage, "http://project.test/storage/v1/object/x", { apikey: keys.secret }],
    [image.gemini, `${GOOGLE}/models/m:x`, { "x-goog-api-key": keys.google }],
    [video.veo, `${GOOGLE}/models/m:x`, { "x-goog-api-key": keys.google }],
    [video.veo, "https://files.example/a.mp4", {}],
  ];
  for (const [adapter, url, expected] of requests) {
    for (const smuggled of [{}, headers]) {
      await adapter.fetch(url, { headers: { ...smuggled, accept: "image/png" } });
      deepEqual(credentialsOf(last()), expected, url);
      equal(last().headers.get("accept"), "image/png");
      equal(last().headers.get("user-agent"), "generation-queue/1.2.3 (test)");
    }
  }
});

Deno.test("no key that a provider repeats reaches the ledger", async () => {
  const { image: { pgmq }, last } = adapters();
  const said = `key ${keys.google} is refused`;
  for (const member of ["error_message", "usage", "reason", "passed_over", "operation"]) {
    const body = JSON.stringify({ model: "m", [member]: said });
    await pgmq.fetch(`${pgmq.url}/rpc/f`, { method: "POST", body });
    deepEqual(await last().json(), { model: "m", [member]: "key [redacted] is refused" });
  }
});

Deno.test("an adapter sends no key that a header of the core contains", async () => {
  const { image, last } = adapters();
  const headers = { accept: "*/*\tapikey: x", "content-type": "text/plain; authorization=x" };
  await image.source.fetch("https://pictures.example/a.png", { headers });
  deepEqual([...last().headers.keys()], [
    "accept",
    "accept-encoding",
    "content-type",
    "user-agent",
  ]);
});

Deno.test("an adapter rejects a request outside its address without sending it", async () => {
  const { image, sent } = adapters();
  const outside: [keyof typeof image, string][] = [
    // Another service on the same origin.
    ["pgmq", "http://project.test/storage/v1/object/x"],
    ["pgmq", "http://project.test/rest/v10/rpc/x"],
    ["pgmq", "http://project.test/rest/V1/rpc/x"],
    ["pgmq", "http://project.test/"],
    ["pgmq", "http://project.test/rest/v1/../../auth/v1/admin"],
    ["pgmq", "http://project.test/rest/v1/%2e%2e/%2e%2e/auth/v1/admin"],
    ["pgmq", "http://project.test/rest/v1/..%2f..%2fauth/v1/admin"],
    ["pgmq", "http://project.test/rest/v1/..%5cauth"],
    ["pgmq", "http://project.test/rest/v1/..\\..\\auth/v1/admin"],
    ["storage", "http://project.test/rest/v1/generation_jobs"],
    ["storage", "http://project.test/storage/v1/../../auth/v1/admin"],
    ["gemini", "https://generativelanguage.googleapis.com/v1/models/m:generateContent"],
    // Another origin: scheme, port, host.
    ["pgmq", "https://project.test/rest/v1/rpc/x"],
    ["pgmq", "http://project.test:8080/rest/v1/rpc/x"],
    ["pgmq", "http://project.test:443/rest/v1/rpc/x"],
    ["pgmq", "http://project.test./rest/v1/rpc/x"],
    ["pgmq", "http://project.test.evil.example/rest/v1/rpc/x"],
    ["pgmq", "http://evil-project.test/rest/v1/rpc/x"],
    ["pgmq", "http://a.project.test/rest/v1/rpc/x"],
    ["pgmq", "http://project.test@evil.example/rest/v1/rpc/x"],
    ["pgmq", "http://project.test:80@evil.example/rest/v1/rpc/x"],
    ["pgmq", "http://evil.example/http://project.test/rest/v1/rpc/x"],
    ["pgmq", "http://evil.example#http://project.test/rest/v1/rpc/x"],
    ["pgmq", "http://evil.example?http://project.test/rest/v1/rpc/x"],
    ["pgmq", "http://evil.example\\@project.test/rest/v1/rpc/x"],
    ["storage", "http://other.test/storage/v1/object/x"],
    ["storage", "https://project.test/storage/v1/object/x"],
    ["storage", "http://project.test.:80/storage/v1/object/x"],
    ["gemini", "http://generativelanguage.googleapis.com/v1beta/models/m:generateContent"],
    ["gemini", "https://evil.example/v1beta/models/m:generateContent"],
    ["gemini", "data:application/json,{}"],
    ["storage", "file:///storage/v1/object/x"],
    ["storage", "blob:http://project.test/storage/v1/object/x"],
  ];
  for (const [adapter, url] of outside) {
    await rejects(async () => await image[adapter].fetch(url, {}), TypeError, url);
  }
  equal(sent.length, 0);
});

Deno.test("a host in capitals and a default port name the same service", async () => {
  const { image, last } = adapters();
  for (const url of ["HTTP://PROJECT.TEST/rest/v1/rpc/x", "http://project.test:80/rest/v1/rpc/x"]) {
    await image.pgmq.fetch(url, {});
    equal(last().url, "http://project.test/rest/v1/rpc/x");
    deepEqual(credentialsOf(last()), { apikey: keys.secret });
  }
});

Deno.test("the key downloads videos from the API's own origin only", async () => {
  const { video, last } = adapters();
  const own = "https://generativelanguage.googleapis.com/download/v1/files/a:download";
  await video.veo.fetch(own, {});
  deepEqual(credentialsOf(last()), { "x-goog-api-key": keys.google });
  for (
    const url of [
      "https://storage.googleapis.com/bucket/a.mp4",
      "http://generativelanguage.googleapis.com/v1beta/files/a",
      "http://generativelanguage.googleapis.com:443/v1beta/files/a",
      "https://generativelanguage.googleapis.com:8443/v1beta/files/a",
      "https://generativelanguage.googleapis.com./v1beta/files/a",
      "https://generativelanguage.googleapis.com.evil.example/v1beta/files/a",
      "https://eu.generativelanguage.googleapis.com/v1beta/files/a",
      "https://googleapis.com/v1beta/files/a",
      "https://evil-generativelanguage.googleapis.com/v1beta/files/a",
      "https://evil.example/generativelanguage.googleapis.com/v1beta/files/a",
      "https://generativelanguage.googleapis.com@evil.example/v1beta/files/a",
      "https://generativelanguage.googleapis.com:443@evil.example/v1beta/files/a",
      "https://evil.example\\@generativelanguage.googleapis.com/v1beta/files/a",
      "https://evil.example#@generativelanguage.googleapis.com/v1beta/files/a",
      "https://evil.example?@generativelanguage.googleapis.com/v1beta/files/a",
      `https://evil.example/?key=${"x".repeat(9)}&from=https://generativelanguage.googleapis.com/`,
    ]
  ) {
    await video.veo.fetch(url, { headers: { "x-goog-api-key": "smuggled" } });
    deepEqual(credentialsOf(last()), {}, url);
  }
});

Deno.test("method, headers, body and signal pass through; redirects are not followed", async () => {
  const { image, last } = adapters();
  const controller = new AbortController();
  await image.storage.fetch("http://project.test/storage/v1/object/b/p.png", {
    method: "POST",
    headers: { "content-type": "image/png", "x-upsert": "true" },
    body: new Uint8Array([1, 2, 3]),
    redirect: "follow",
    signal: controller.signal,
  });
  equal(last().method, "POST");
  equal(last().redirect, "manual");
  equal(last().headers.get("content-type"), "image/png");
  equal(last().headers.get("x-upsert"), "true");
  controller.abort();
  equal(last().signal.aborted, true);
  deepEqual(await last().bytes(), new Uint8Array([1, 2, 3]));
});

/** A project that answers over real connections, and the adapters for it. */
function realProject(answer: (request: Request) => Response | Promise<Response>) {
  const server = serve(answer);
  const values = { ...hostedValues(keys), SUPABASE_URL: server.url };
  const { configuration } = readConfiguration(environmentOf(values), "image");
  return { ...server, adapters: imageAdapters(configuration!) };
}

Deno.test("a body streams through before it is complete, over a real connection", async () => {
  const firstHalf = Promise.withResolvers<string>();
  await using project = realProject(async (request) => {
    const parts: string[] = [];
    for await (const part of request.body!.pipeThrough(new TextDecoderStream())) {
      parts.push(part);
      firstHalf.resolve(part);
    }
    return new Response(parts.join(""));
  });
  const { writable, readable } = new TransformStream<Uint8Array, Uint8Array>();
  const request = { method: "POST", body: readable, duplex: "half" } as RequestInit;
  const url = `${project.url}/storage/v1/object/b/v.mp4`;
  const answer = project.adapters.storage.fetch(url, request);
  const writer = writable.getWriter();
  const encoder = new TextEncoder();
  await writer.write(encoder.encode("first "));
  // The second half is written when the first has arrived: nothing waits for the whole.
  equal(await firstHalf.promise, "first ");
  await writer.write(encoder.encode("second"));
  await writer.close();
  equal(await (await answer).text(), "first second");
});

Deno.test("an adapter returns a redirect unchanged, over a real connection", async () => {
  let visits = 0;
  await using project = realProject(() => {
    visits++;
    return new Response(null, { status: 302, headers: { location: "/elsewhere" } });
  });
  const url = `${project.url}/storage/v1/object/public/b/x.png`;
  const response = await project.adapters.storage.fetch(url, {});
  equal(response.status, 302);
  equal(response.headers.get("location"), "/elsewhere");
  await response.body?.cancel();
  equal(visits, 1);
});

Deno.test("no more of an error's body is read than the core asks for", async () => {
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(1024).fill(120));
    },
  });
  const { image } = adapters({}, () => new Response(endless, { status: 500 }));
  const response = await image.gemini.fetch(`${GOOGLE}/models/m:generateContent`, {});
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  ok(pulled < 20, `${pulled} pieces`);
});

/** How the adapter for source images answers, and what it sent where, looked up and logged. */
async function openUrl(
  url: string,
  { lookup, send }: Partial<Pick<Outside, "lookup" | "send">> = {},
  headers: Record<string, string> = {},
) {
  const { configuration } = readConfiguration(environmentOf(hostedValues(keys)), "image");
  const [asked, sent, log]: [string[], (string | undefined)[], LogEntry[]] = [[], [], []];
  const { source } = imageAdapters(configuration!, {
    send: (url, init, address) => {
      sent.push(address);
      return send ? send(url, init) : Promise.resolve(new Response("ok"));
    },
    lookup: (name) => (asked.push(name), lookup ? lookup(name) : Promise.resolve(["1.1.1.1"])),
    log: (entry) => log.push(entry),
  });
  const answer = await source.fetch(url, { headers }).catch((error: Error) => error);
  const status = answer instanceof Response ? answer.status : answer.message;
  return { status, asked, sent, log: log.map(({ code, message }) => `${code}: ${message}`) };
}

Deno.test("a part of a source image comes from the address that was checked", async () => {
  const { sent } = await openUrl("http://images.example/x.png", {}, { range: "bytes=0-" });
  ok(sent.length > 0);
  deepEqual([...new Set(sent)], ["1.1.1.1"]);
});

Deno.test("a source image comes from a public address, and from one that was checked", async () => {
  const cases: [string, string[], string | undefined][] = [
    ["https://images.example/x.png", ["1.1.1.1"], "1.1.1.1"],
    ["http://images.example/x.png", ["2606:4700::1111", "1.1.1.1"], "1.1.1.1"],
    ["http://images.example/x.png", ["2606:4700::1111"], "2606:4700::1111"],
    ["https://images.example/x.png", ["10.0.0.1"], undefined],
    ["https://images.example/x.png", ["127.0.0.1"], undefined],
    ["https://images.example/x.png", ["169.254.169.254"], undefined],
    ["https://images.example/x.png", ["1.1.1.1", "192.168.0.1"], undefined],
    ["https://images.example/x.png", ["1.1.1.1", "::1"], undefined],
    ["https://images.example/x.png", ["fd00:ec2::254"], undefined],
    ["https://images.example/x.png", ["::ffff:10.0.0.1"], undefined],
    ["https://images.example/x.png", ["64:ff9b::a00:1"], undefined],
    ["https://images.example/x.png", ["64:ff9b:1::a00:1"], undefined],
    ["https://images.example/x.png", ["2002:a00:1::1"], undefined],
    ["https://images.example/x.png", ["2001:0:a00:1::1"], undefined],
    ["https://images.example/x.png", ["no address"], undefined],
    ["https://1.1.1.1/x.png", ["10.0.0.1"], "1.1.1.1"],
    ["https://[2606:4700::1111]/x.png", ["10.0.0.1"], "2606:4700::1111"],
    ["http://127.0.0.1/x.png", ["1.1.1.1"], undefined],
    ["http://0x7f.1/x.png", ["1.1.1.1"], undefined],
    ["http://[::1]/x.png", ["1.1.1.1"], undefined],
    ["http://[fe80::1]/x.png", ["1.1.1.1"], undefined],
  ];
  for (const [url, addresses, to] of cases) {
    const { status, asked, sent, log } = await openUrl(url, {
      lookup: () => Promise.resolve(addresses),
    });
    equal(status, to ? 200 : 421, `${url} ${addresses}`);
    deepEqual(sent, to ? [to] : [], `${url} ${addresses}`);
    deepEqual(asked, url.includes("images.example") ? ["images.example"] : []);
    deepEqual(log.map((line) => line.split(":")[0]), to ? [] : ["source_host_not_public"]);
  }
});

Deno.test("without a known address nothing is sent, and the log says why", async () => {
  const { status, sent, log } = await openUrl("https://images.example/x.png?token=s3cr3t", {
    lookup: () => Promise.reject(new Error("its name has no known address: none found")),
  });
  match(String(status), /no known address/);
  deepEqual(sent, []);
  deepEqual(log, [
    "source_host_unreachable: The host images.example of a source image could not be reached: " +
    "its name has no known address: none found",
  ]);
});

Deno.test("the log says why a host was not reached, without the path", async () => {
  const { log } = await openUrl("https://images.example/s3cr3t?token=s3cr3t", {
    send: (url) => {
      const cause = new Error(`error for url (${url}): connection refused`);
      return Promise.reject(new TypeError("fetch failed", { cause }));
    },
  });
  deepEqual(log, [
    "source_host_unreachable: The host images.example of a source image could not be reached: " +
    "fetch failed: error for url (https://images.example): connection refused",
  ]);
});

Deno.test("what storage shows to everyone is asked for without a key", async () => {
  const { image, last } = adapters();
  for (
    const [path, expected] of [
      ["object/public/b/x.png", {}],
      ["render/image/public/b/x.png?width=9", {}],
      ["object/authenticated/b/x.png", { apikey: keys.secret }],
      ["object/sign/b/x.png?token=t", { apikey: keys.secret }],
      ["object/b/public/x.png", { apikey: keys.secret }],
      ["object/list/b", { apikey: keys.secret }],
    ] as const
  ) {
    await image.storage.fetch(`http://project.test/storage/v1/${path}`, {});
    deepEqual(credentialsOf(last()), expected, path);
  }
});

Deno.test("the other adapters resolve no names: the operator has named their hosts", async () => {
  const { configuration } = readConfiguration(environmentOf(hostedValues(keys)), "image");
  const image = imageAdapters(configuration!, {
    send: () => Promise.resolve(new Response("ok")),
    lookup: (name) => Promise.reject(new Error(`${name} was looked up`)),
  });
  await image.storage.fetch("http://project.test/storage/v1/object/x", {});
  await image.pgmq.fetch("http://project.test/rest/v1/rpc/x", {});
  await image.gemini.fetch(`${GOOGLE}/models/m:generateContent`, {});
});
