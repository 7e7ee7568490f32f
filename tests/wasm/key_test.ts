/** Where Google's key and the project's go while a video is made: the real doors, the real core. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { processVideos } from "../../pkg/generation_queue.js";
import { videoAdapters } from "../../supabase/functions/_shared/adapters.ts";
import { readConfiguration } from "../../supabase/functions/_shared/environment.ts";
import { environmentOf, hostedValues, newKeys } from "../functions/support.ts";
import { json, options, queueWith, Service } from "./services.ts";

const keys = newKeys();
const GOOGLE = "https://generativelanguage.googleapis.com";
const MODEL = "veo-3.1-fast-generate-preview";
const NAME = `models/${MODEL}/operations/o`;
const MP4 = "\0\0\0\x20ftypisom\0\0\x02\0";

interface Visit {
  url: string;
  key: string | null;
}

type Hops = Record<string, string | Response>;

/**
 * Downloads a video that is said to be at `uri`. `hops` are the answers by URL: a text redirects
 * there. Tells who was asked, with which key, and what became of the job.
 */
async function download(uri: string, hops: Hops, change: Record<string, string> = {}) {
  const values = { ...hostedValues(keys), ...change };
  const { configuration } = readConfiguration(environmentOf(values), "video");
  const base = configuration!.googleBaseUrl;
  const visits: Visit[] = [];
  const others: string[] = [];
  const { veo } = videoAdapters(configuration!, {
    send(request) {
      if (request.url === `${base}/${NAME}`) {
        const generateVideoResponse = { generatedSamples: [{ video: { uri } }] };
        const done = { name: NAME, done: true, response: { generateVideoResponse } };
        return Promise.resolve(Response.json(done));
      }
      visits.push({ url: request.url, key: request.headers.get("x-goog-api-key") });
      for (const [name, value] of request.headers) {
        const isKey = [keys.google, keys.secret, keys.serviceRole].some((it) => value.includes(it));
        if (isKey && name !== "x-goog-api-key") others.push(`${name} to ${request.url}`);
      }
      const answer = hops[request.url] ?? new Response(null, { status: 404 });
      return Promise.resolve(
        typeof answer === "string"
          ? new Response(null, { status: 302, headers: { location: answer } })
          : answer,
      );
    },
  });
  const pgmq = queueWith({ storyboardId: "sb", prompt: "p" }, {
    claim: { operation: { model: MODEL, name: NAME }, operation_age_seconds: 30 },
  });
  const storage = new Service("http://storage.test/storage/v1", () => Response.json({}));
  const report = await processVideos(
    { pgmq, veo, storage, source: new Service("", () => Response.error()) },
    { ...options(), models: [MODEL], maxJobs: 1 },
  );
  const settled = pgmq.seen.find(({ url }) => /fail_|defer_|complete_/.test(url.pathname))!;
  deepEqual(others, [], "no key in any other header");
  return { visits, job: report.jobs[0], row: json(settled.body) };
}

const video = () => new Response(MP4);

Deno.test("a chain from the API to a file store and back shows the key to the API alone", async () => {
  const { visits, job } = await download(`${GOOGLE}/v1beta/files/f:download`, {
    [`${GOOGLE}/v1beta/files/f:download`]: "https://files.example/a?signature=s",
    "https://files.example/a?signature=s": `${GOOGLE}/v1beta/files/g`,
    [`${GOOGLE}/v1beta/files/g`]: "//other.example/b",
    "https://other.example/b": video(),
  });
  equal(job.outcome, "succeeded");
  deepEqual(visits, [
    { url: `${GOOGLE}/v1beta/files/f:download`, key: keys.google },
    { url: "https://files.example/a?signature=s", key: null },
    { url: `${GOOGLE}/v1beta/files/g`, key: keys.google },
    { url: "https://other.example/b", key: null },
  ]);
});

Deno.test("what looks like the API and is not gets no key", async () => {
  for (
    const target of [
      `${GOOGLE}:8443/f`,
      `${GOOGLE}.evil.example/f`,
      "https://eu.generativelanguage.googleapis.com/f",
      "https://googleapis.com/f",
      "https://evil.example/generativelanguage.googleapis.com/f",
      "https://evil.example/?https://generativelanguage.googleapis.com/",
      "https://evil.example/x:@generativelanguage.googleapis.com/",
    ]
  ) {
    for (
      const hops of [
        { [target]: video() },
        { [`${GOOGLE}/v1beta/files/f`]: target, [target]: video() },
      ] as Hops[]
    ) {
      const { visits, job } = await download(Object.keys(hops)[0], hops);
      equal(job.outcome, "succeeded", target);
      deepEqual(visits.at(-1), { url: target, key: null });
      ok(visits.every(({ url, key }) => (key !== null) === url.startsWith(`${GOOGLE}/`)));
    }
  }
});

Deno.test("the API is the API however its name is written", async () => {
  for (
    const target of [
      "HTTPS://GenerativeLanguage.GoogleAPIs.com/f",
      `${GOOGLE}:443/f`,
      // What the core writes back has no dot at the end of a name.
      `${GOOGLE}./f`,
    ]
  ) {
    const { visits } = await download(target, { [`${GOOGLE}/f`]: video() });
    deepEqual(visits, [{ url: `${GOOGLE}/f`, key: keys.google }]);
  }
});

Deno.test("where nobody should be sent nobody goes, with a key or without", async () => {
  const refused: [string, RegExp][] = [
    ["http://generativelanguage.googleapis.com/f", /which is not allowed/],
    ["http://files.example/f", /which is not allowed/],
    ["https://127.0.0.1/f", /which is not allowed/],
    ["https://[::1]/f", /which is not allowed/],
    ["https://metadata.google.internal/f", /which is not allowed/],
    ["https://generativelanguage.googleapis.com@evil.example/f", /has credentials/],
    ["https://generativelanguage.googleapis.com:443@evil.example/f", /has credentials/],
    ["https://evil.example\\@generativelanguage.googleapis.com/f", /has credentials/],
    ["https://user:password@generativelanguage.googleapis.com/f", /has credentials/],
    ["//evil.example@generativelanguage.googleapis.com/f", /has credentials/],
    ["file:///etc/passwd", /neither http nor https/],
    ["data:video/mp4;base64,AAAA", /is not absolute/],
    ["javascript:alert(1)", /is not absolute/],
  ];
  const start = `${GOOGLE}/v1beta/files/f`;
  for (const [target, reason] of refused) {
    for (const between of [undefined, "https://files.example/a"]) {
      const hops: Hops = between ? { [start]: between, [between]: target } : { [start]: target };
      const { visits, job, row } = await download(start, hops);
      equal(job.outcome, "failed", target);
      equal(row.error_code, "download_failed");
      match(String(row.error_message), reason);
      deepEqual(visits.map(({ url }) => url), Object.keys(hops), target);
    }
    if (target.includes("://")) {
      deepEqual((await download(target, {})).visits, [], `${target}, at once`);
    }
  }
});

Deno.test("redirects that never end, end, and show the key to the API alone", async () => {
  const { visits, job } = await download(`${GOOGLE}/a`, {
    [`${GOOGLE}/a`]: "https://files.example/b",
    "https://files.example/b": `${GOOGLE}/a`,
  });
  equal(job.outcome, "failed");
  equal(visits.length, 6);
  for (const { url, key } of visits) equal(key, url.startsWith(GOOGLE) ? keys.google : null);
});

Deno.test("a proxy gets the key in Google's place, and Google does not", async () => {
  const base = "https://proxy.example/google/v1beta";
  const change = { GOOGLE_GENERATIVE_AI_BASE_URL: base };
  const { visits } = await download(`${GOOGLE}/v1beta/files/f:download?alt=media`, {
    [`${base}/files/f:download?alt=media`]: `${GOOGLE}/elsewhere/f`,
    [`${GOOGLE}/elsewhere/f`]: video(),
  }, change);
  deepEqual(visits, [
    { url: `${base}/files/f:download?alt=media`, key: keys.google },
    { url: `${GOOGLE}/elsewhere/f`, key: null },
  ]);
});

Deno.test("over real connections, another port is another origin", async () => {
  const seen: { port: number; key: string | null }[] = [];
  const serve = (answer: (port: number) => Response) => {
    const closing = new AbortController();
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, signal: closing.signal, onListen: () => {} },
      (request) => {
        const port = Number(new URL(request.url).port);
        seen.push({ port, key: request.headers.get("x-goog-api-key") });
        return answer(port);
      },
    );
    return { port: server.addr.port, close: () => (closing.abort(), server.finished) };
  };
  const store = serve(() => new Response(MP4));
  const api = serve(() =>
    new Response(null, {
      status: 307,
      headers: { location: `http://127.0.0.1:${store.port}/a.mp4` },
    })
  );
  try {
    const { configuration } = readConfiguration(
      environmentOf({
        ...hostedValues(keys),
        GOOGLE_GENERATIVE_AI_BASE_URL: `http://127.0.0.1:${api.port}/v1beta`,
      }),
      "video",
    );
    const { veo } = videoAdapters(configuration!);
    const first = await veo.fetch(new Request(`http://127.0.0.1:${api.port}/v1beta/files/f`));
    equal(first.status, 307);
    await first.body?.cancel();
    const second = await veo.fetch(new Request(first.headers.get("location")!));
    equal(await second.text(), MP4);
    deepEqual(seen, [{ port: api.port, key: keys.google }, { port: store.port, key: null }]);
  } finally {
    await api.close();
    await store.close();
  }
});
