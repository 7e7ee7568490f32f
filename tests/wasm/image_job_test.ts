import { deepEqual, equal, match, ok } from "node:assert/strict";
import { processImages } from "../../pkg/generation_queue.js";
import { JOB_ID, json, options, queueWith, Service, untouched } from "./services.ts";

/** A PNG by its first bytes, and long enough to arrive in several pieces. */
const PNG = new Uint8Array(300_000).map((_, i) => i * 31 + (i >> 8));
PNG.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** A reply of `generateContent` in the form that the API has. */
function generated(data: string): Response {
  return Response.json({
    candidates: [{
      content: {
        role: "model",
        parts: [{ text: "Here it is.\n" }, { inlineData: { mimeType: "image/png", data } }],
      },
      finishReason: "STOP",
      index: 0,
    }],
    modelVersion: "gemini-2.5-flash-image",
    usageMetadata: { promptTokenCount: 15, candidatesTokenCount: 1290, totalTokenCount: 1305 },
  });
}

Deno.test("an image goes from the queue through the model into storage and is settled", async () => {
  const path = `sb/scenes/scene-1/${JOB_ID}.png`;
  const pgmq = queueWith({ storyboardId: "sb", sceneId: "scene-1", prompt: "A hero" }, {
    answers: {
      complete_generation_job: {
        held: true,
        entities: [{ slot: "scene", key: "scene:sb:scene-1", outcome: "linked" }],
        publications: [{ slot: "scene", object_path: path, content_type: "image/png" }],
      },
    },
  });
  const gemini = new Service("http://gemini.test/v1beta", () => generated(base64(PNG)));
  const storage = new Service("http://storage.test/storage/v1", () => Response.json({ Key: "k" }));
  const adapters = { pgmq, gemini, storage, vertex: untouched(""), source: untouched("") };

  const report = await processImages(
    adapters,
    options({ publicStorageUrl: "https://assets.test/storage/v1/" }),
  );

  equal(report.stopped, "empty");
  equal(report.succeeded, 1);
  const [job] = report.jobs;
  equal(job.outcome, "succeeded");
  equal(job.url, `https://assets.test/storage/v1/object/public/storyboard-images/${path}`);

  equal(gemini.paths()[0], "/models/gemini-2.5-flash-image:generateContent");
  match(new TextDecoder().decode(gemini.seen[0].body), /"text":\s*"A hero"/);

  // An abortion makes an error with a stack: nothing that has ended needs one.
  const signals = [pgmq, gemini, storage].flatMap(({ seen }) => seen.map(({ signal }) => signal));
  ok(signals.every((signal) => !signal.aborted));

  const [upload, copy] = storage.seen;
  equal(upload.url.pathname, `/storage/v1/object/storyboard-images/${path}`);
  equal(upload.headers.get("content-type"), "image/png");
  deepEqual(upload.body, PNG, "the stored bytes are the model's");
  equal(json(copy.body).destinationKey, "sb/scene-1.png");

  const calls = pgmq.paths().map((path) => path.replace("/rpc/", ""));
  ok(calls.indexOf("complete_generation_job") > calls.indexOf("claim_generation_jobs"));
  const complete = pgmq.seen[calls.indexOf("complete_generation_job")];
  equal(json(complete.body).object_path, path);
});

Deno.test("the services read the headers of a reply", async () => {
  const pgmq = queueWith({ storyboardId: "sb", prompt: "A hero" });
  const gemini = new Service("http://gemini.test/v1beta", () => {
    const error = { error: { code: 429, message: "slow down", status: "RESOURCE_EXHAUSTED" } };
    return Response.json(error, { status: 429, headers: { "Retry-After": "37" } });
  });
  const adapters = {
    pgmq,
    gemini,
    storage: untouched("http://s.test"),
    vertex: untouched(""),
    source: untouched(""),
  };

  const report = await processImages(adapters, options());

  equal(report.jobs[0].outcome, "waiting");
  // The queue answers no time, so the job waits for as long as the service named.
  equal(report.jobs[0].retryInSeconds, 37);
});

Deno.test("the error of an adapter is reported without the address in it", async () => {
  const signed = "https://gemini.test/v1beta?key=abc&signature=def";
  const gemini = new Service("http://gemini.test/v1beta", () => {
    throw new TypeError("fetch failed", { cause: new Error(`no route for url (${signed})`) });
  });
  const pgmq = queueWith({ storyboardId: "sb", prompt: "A hero" });
  const adapters = {
    pgmq,
    gemini,
    storage: untouched("http://s.test"),
    vertex: untouched(""),
    source: untouched(""),
  };
  const given = options();

  const report = await processImages(adapters, given);

  equal(report.jobs[0].outcome, "waiting");
  const told = JSON.stringify([report, given.entries]);
  match(told, /fetch failed: no route for url/);
  ok(!told.includes("signature"), told);
});
