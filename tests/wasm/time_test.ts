import { deepEqual, equal, ok } from "node:assert/strict";
import { processImages } from "../../pkg/generation_queue.js";
import { json, options, queueWith, Service, untouched } from "./services.ts";
import { byHand } from "./timers.ts";

/** An adapter that leaves its first requests unanswered; `asked` comes back with them. */
function silent(url: string, most = 1) {
  const asked = Array.from({ length: most }, () => Promise.withResolvers<Request>());
  let requests = 0;
  const adapter = {
    url,
    fetch(url: string, init: RequestInit): Promise<Response> {
      const request = new Request(url, init);
      const unanswered = asked[requests++];
      if (!unanswered) return Promise.resolve(Response.json([]));
      unanswered.resolve(request);
      return new Promise((_, reject) => {
        request.signal.addEventListener("abort", () => reject(request.signal.reason));
      });
    },
  };
  return { adapter, asked: asked.map(({ promise }) => promise) };
}

function others() {
  return {
    storage: untouched("http://storage.test/storage/v1"),
    vertex: untouched(""),
    source: untouched(""),
  };
}

Deno.test("a request that is not answered in time is aborted", async () => {
  using timers = byHand();
  const { adapter: pgmq, asked } = silent("http://queue.test/rest/v1", 3);
  const running = processImages(
    { pgmq, gemini: untouched("http://gemini.test/v1beta"), ...others() },
    options(),
  );
  for (const [index, asking] of asked.entries()) {
    const request = await asking;
    equal(request.signal.aborted, false);
    await timers.pass(12_000);
    equal(request.signal.aborted, true);
    const pause = [300, 2000][index];
    if (pause) await timers.pass(pause);
  }
  const report = await running;

  equal(report.stopped, "unavailable");
  equal(report.error?.code, "queue_failed");
  ok(report.error?.message.includes("did not answer within 12 s"), report.error?.message);
  equal(timers.left(), 0, "no timer is left behind");
});

Deno.test("work whose lease is lost is aborted and leaves no trace", async () => {
  using timers = byHand();
  const pgmq = queueWith({ storyboardId: "sb", prompt: "A hero" }, {
    answers: { extend_generation_lease: false },
  });
  const { adapter: gemini, asked: [asked] } = silent("http://gemini.test/v1beta");
  const running = processImages({ pgmq, gemini, ...others() }, options({ maxJobs: 1 }));
  const request = await asked;
  await timers.pass(15_000); // half of an image's lease
  const report = await running;

  equal(request.signal.aborted, true);
  equal(report.jobs[0].outcome, "lost");
  deepEqual(
    pgmq.paths().filter((path) => /complete|defer|fail_/.test(path)),
    [],
  );
  equal(timers.left(), 0, "no timer is left behind");
});

Deno.test("a signal stops the run after the job at hand", async () => {
  const stop = new AbortController();
  const pgmq = queueWith({ storyboardId: "sb", prompt: "A hero" });
  const gemini = new Service("http://gemini.test/v1beta", () => {
    stop.abort();
    const promptFeedback = { blockReason: "PROHIBITED_CONTENT" };
    return Response.json({ promptFeedback });
  });
  const report = await processImages(
    { pgmq, gemini, ...others() },
    options({ signal: stop.signal }),
  );
  equal(report.stopped, "shutdown");
  equal(report.claimed, 1);
  equal(report.jobs[0].outcome, "failed");
  const failed = pgmq.seen.find(({ url }) => url.pathname.endsWith("fail_generation_job"));
  equal(json(failed!.body).error_code, "content_blocked");
});

Deno.test("a run that is told to stop before it begins takes nothing", async () => {
  const pgmq = queueWith({ storyboardId: "sb", prompt: "A hero" });
  const report = await processImages(
    { pgmq, gemini: untouched("http://gemini.test/v1beta"), ...others() },
    options({ signal: AbortSignal.abort() }),
  );
  equal(report.stopped, "shutdown");
  ok(!pgmq.paths().includes("/rpc/claim_generation_jobs"));
});

Deno.test("timers and signals that call back after they were removed change nothing", async () => {
  using timers = byHand({ clears: false });
  const stop = new AbortController();
  stop.signal.removeEventListener = () => {};
  const pgmq = queueWith({ storyboardId: "sb", prompt: "A hero" });
  const gemini = new Service(
    "http://gemini.test/v1beta",
    () => Response.json({ promptFeedback: { blockReason: "PROHIBITED_CONTENT" } }),
  );
  const report = await processImages(
    { pgmq, gemini, ...others() },
    options({ signal: stop.signal }),
  );
  equal(report.failed, 1);
  ok(timers.left() > 0, "a timer that is listened to no more is left");
  timers.runAllOut();
  stop.abort();
});
