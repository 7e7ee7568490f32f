import { deepEqual, equal, rejects } from "node:assert/strict";
import { imageAdapters, videoAdapters } from "../../supabase/functions/_shared/adapters.ts";
import { readConfiguration } from "../../supabase/functions/_shared/environment.ts";
import { projectHeaders } from "../../supabase/functions/_shared/project_headers.ts";
import { environmentOf, hostedValues, newKeys } from "./support.ts";

const keys = newKeys();
const GOOGLE = "https://generativelanguage.googleapis.com/v1beta";

function doors(change: Record<string, string> = {}) {
  const values = { ...hostedValues(keys), ...change };
  const { configuration } = readConfiguration(environmentOf(values), "image");
  const sent: Request[] = [];
  const send = (request: Request) => {
    sent.push(request);
    return Promise.resolve(new Response("ok"));
  };
  return {
    image: imageAdapters(configuration!, send),
    video: videoAdapters(configuration!, send),
    sent,
    last: () => sent.at(-1)!,
  };
}

const CREDENTIALS = ["apikey", "authorization", "x-goog-api-key", "cookie", "proxy-authorization"];

function credentialsOf(request: Request) {
  return Object.fromEntries(
    CREDENTIALS.filter((name) => request.headers.has(name))
      .map((name) => [name, request.headers.get(name)]),
  );
}

Deno.test("the doors stand at the services' addresses", () => {
  const { image, video } = doors();
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

Deno.test("each door adds its own credential and no other", async () => {
  const { image, video, last } = doors();
  await image.pgmq.fetch(new Request("http://project.test/rest/v1/rpc/claim"));
  deepEqual(credentialsOf(last()), { apikey: keys.secret });
  await image.storage.fetch(new Request("http://project.test/storage/v1/object/a/b.png"));
  deepEqual(credentialsOf(last()), { apikey: keys.secret });
  await image.gemini.fetch(new Request(`${GOOGLE}/models/m:generateContent`));
  deepEqual(credentialsOf(last()), { "x-goog-api-key": keys.google });
  await video.veo.fetch(new Request(`${GOOGLE}/models/m:predictLongRunning`));
  deepEqual(credentialsOf(last()), { "x-goog-api-key": keys.google });
  await image.source.fetch(new Request("https://pictures.example/a.png"));
  deepEqual(credentialsOf(last()), {});
});

Deno.test("credentials that the core would bring along are dropped", async () => {
  const { image, last } = doors();
  const headers = Object.fromEntries(CREDENTIALS.map((name) => [name, "smuggled"]));
  await image.source.fetch(new Request("https://pictures.example/a.png", { headers }));
  deepEqual(credentialsOf(last()), {});
  await image.pgmq.fetch(new Request("http://project.test/rest/v1/rpc/x", { headers }));
  deepEqual(credentialsOf(last()), { apikey: keys.secret });
});

Deno.test("a request that does not lie under a door's address is refused unsent", async () => {
  const { image, sent } = doors();
  const outside: [keyof typeof image, string][] = [
    ["pgmq", "http://project.test/storage/v1/object/x"],
    ["pgmq", "http://project.test/rest/v10/rpc/x"],
    ["pgmq", "http://project.test/rest/v1/../../auth/v1/admin"],
    ["pgmq", "http://project.test/rest/v1/%2e%2e/%2e%2e/auth/v1/admin"],
    ["pgmq", "http://project.test/rest/v1/..%2f..%2fauth/v1/admin"],
    ["pgmq", "http://project.test/rest/v1/..%5cauth"],
    ["pgmq", "https://project.test/rest/v1/rpc/x"],
    ["pgmq", "http://project.test:8080/rest/v1/rpc/x"],
    ["pgmq", "http://project.test.evil.example/rest/v1/rpc/x"],
    ["storage", "http://other.test/storage/v1/object/x"],
    ["gemini", "https://evil.example/v1beta/models/m:generateContent"],
    ["gemini", "https://generativelanguage.googleapis.com/v1/models/m:generateContent"],
  ];
  for (const [door, url] of outside) {
    await rejects(image[door].fetch(new Request(url)), TypeError, url);
  }
  equal(sent.length, 0);
});

Deno.test("a video is downloaded with the key from the API's own origin only", async () => {
  const { video, last } = doors();
  await video.veo.fetch(
    new Request("https://generativelanguage.googleapis.com/download/v1/files/a:download"),
  );
  deepEqual(credentialsOf(last()), { "x-goog-api-key": keys.google });
  for (
    const url of [
      "https://storage.googleapis.com/bucket/a.mp4",
      "http://generativelanguage.googleapis.com/v1beta/files/a",
      "https://generativelanguage.googleapis.com.evil.example/v1beta/files/a",
      "https://generativelanguage.googleapis.com:8443/v1beta/files/a",
    ]
  ) {
    await video.veo.fetch(new Request(url, { headers: { "x-goog-api-key": "smuggled" } }));
    deepEqual(credentialsOf(last()), {}, url);
  }
});

Deno.test("method, headers, body and signal pass through; redirects are not followed", async () => {
  const { image, last } = doors();
  const controller = new AbortController();
  await image.storage.fetch(
    new Request("http://project.test/storage/v1/object/b/p.png", {
      method: "POST",
      headers: { "content-type": "image/png", "x-upsert": "true" },
      body: new Uint8Array([1, 2, 3]),
      redirect: "follow",
      signal: controller.signal,
    }),
  );
  equal(last().method, "POST");
  equal(last().redirect, "manual");
  equal(last().headers.get("content-type"), "image/png");
  equal(last().headers.get("x-upsert"), "true");
  controller.abort();
  equal(last().signal.aborted, true);
  deepEqual(await last().bytes(), new Uint8Array([1, 2, 3]));
});

Deno.test("a body that is still on its way streams through, over a real connection", async () => {
  const firstHalf = Promise.withResolvers<string>();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const parts: string[] = [];
      for await (const part of request.body!.pipeThrough(new TextDecoderStream())) {
        parts.push(part);
        firstHalf.resolve(part);
      }
      return new Response(parts.join(""));
    },
  );
  const SUPABASE_URL = `http://127.0.0.1:${server.addr.port}`;
  const { configuration } = readConfiguration(
    environmentOf({ ...hostedValues(keys), SUPABASE_URL }),
    "image",
  );
  const { writable, readable } = new TransformStream<Uint8Array, Uint8Array>();
  const request = new Request(`${SUPABASE_URL}/storage/v1/object/b/v.mp4`, {
    method: "POST",
    body: readable,
    duplex: "half",
  } as RequestInit);
  const answer = imageAdapters(configuration!).storage.fetch(request);
  const writer = writable.getWriter();
  const encoder = new TextEncoder();
  await writer.write(encoder.encode("first "));
  // The second half is written when the first has arrived: nothing waits for the whole.
  equal(await firstHalf.promise, "first ");
  await writer.write(encoder.encode("second"));
  await writer.close();
  equal(await (await answer).text(), "first second");
  await server.shutdown();
});

Deno.test("a redirect comes back as it is, over a real connection", async () => {
  let visits = 0;
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => {
      visits++;
      return new Response(null, { status: 302, headers: { location: "/elsewhere" } });
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  const { configuration } = readConfiguration(environmentOf(hostedValues(keys)), "image");
  const response = await imageAdapters(configuration!).source.fetch(new Request(url));
  equal(response.status, 302);
  equal(response.headers.get("location"), "/elsewhere");
  await response.body?.cancel();
  equal(visits, 1);
  await server.shutdown();
});

Deno.test("a key that the provider quotes in an error goes no further", async () => {
  const { configuration } = readConfiguration(environmentOf(hostedValues(keys)), "image");
  const key = configuration!.googleApiKey;
  const send = () =>
    Promise.resolve(
      Response.json({ error: { message: `key ${key} is not allowed` } }, { status: 403 }),
    );
  for (
    const { fetch } of [
      imageAdapters(configuration!, send).gemini,
      videoAdapters(configuration!, send).veo,
    ]
  ) {
    const response = await fetch(new Request(`${GOOGLE}/models/m:generateContent`));
    equal(response.status, 403);
    deepEqual(await response.json(), { error: { message: "key [redacted] is not allowed" } });
  }
});
