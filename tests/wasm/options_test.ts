import { equal, ok, rejects } from "node:assert/strict";
import { processImages, processVideos } from "../../pkg/generation_queue.js";
import type { ImageAdapters, RunOptions, VideoAdapters } from "../../pkg/generation_queue.js";
import { options, untouched } from "./services.ts";

const SERVICE = untouched("http://service.test");
const ADAPTERS = {
  pgmq: SERVICE,
  gemini: SERVICE,
  veo: SERVICE,
  storage: SERVICE,
  vertex: SERVICE,
  source: SERVICE,
};

/** The message of the error that a run with these options ends in. */
async function misuse(given: unknown, adapters: unknown = ADAPTERS): Promise<string> {
  let message = "";
  await rejects(processImages(adapters as ImageAdapters, given as RunOptions), (error) => {
    message = (error as Error).message;
    return error instanceof TypeError;
  });
  return message;
}

Deno.test("the error for a wrong option names it and what was expected", async () => {
  const texts = "an array of non-empty strings";
  const upTo = (most: number) => `a whole number from 1 to ${most}`;
  const seconds = "seconds, more than 0 and at most 86400";
  const cases: [option: string, value: unknown, expected: string][] = [
    ["models", "a", `${texts}, not another string`],
    ["models", [], "at least one model, not an array"],
    ["models", ["a", " "], `${texts}, not an array`],
    ["concurrency", 0, upTo(100)],
    ["concurrency", 1.5, upTo(100)],
    ["concurrency", "5", `${upTo(100)}, not another string`],
    ["concurrency", undefined, `${upTo(100)}, not undefined`],
    ["budgetSeconds", 0, seconds],
    ["budgetSeconds", Infinity, seconds],
    ["budgetSeconds", NaN, seconds],
    ["operationDeadlineSeconds", 0.5, upTo(4294967295)],
    ["maxAttempts", null, `${upTo(1000)}, not null`],
    ["jobDeadlineHours", 0, upTo(4294967295)],
    ["fallbackAfterSeconds", 0, upTo(4294967295)],
    ["maxJobs", -1, upTo(4294967295)],
    ["leftOut", [""], `${texts}, not an array`],
    ["sourceImageHosts", [1], `${texts}, not an array`],
    ["sourceImageBuckets", [""], `${texts}, not an array`],
    ["publicStorageUrl", 1, "a string"],
    ["log", {}, "a function, not an object"],
    ["signal", {}, "an AbortSignal, not an object"],
    ["signal", Object.create(AbortSignal.prototype), "an AbortSignal, not an object"],
  ];
  for (const [option, value, expected] of cases) {
    const message = await misuse({ ...options(), [option]: value });
    equal(message, `options.${option}: expected ${expected}`);
  }
});

Deno.test("no error repeats a value, which may be a key in the wrong place", async () => {
  const key = "hunter2-hunter2-hunter2";
  const valid = Object.keys({ ...options(), operationDeadlineSeconds: 1, maxJobs: 1, signal: 1 });
  for (const option of valid.filter((name) => name !== "entries")) {
    for (const value of [[[key]], { key }, new Error(key), option === "models" ? key : [key, 1]]) {
      const message = await misuse({ ...options(), [option]: value });
      ok(message.startsWith(`options.${option}: expected `) && !message.includes(key), message);
    }
  }
});

Deno.test("the error for options or adapters that are no objects names them", async () => {
  equal(await misuse(undefined), "options: expected an object, not undefined");
  equal(await misuse(options(), null), "adapters: expected an object, not null");
  equal(
    await misuse(options(), { ...ADAPTERS, gemini: undefined }),
    "adapters.gemini: expected an object, not undefined",
  );
  equal(
    await misuse(options(), { ...ADAPTERS, storage: { url: "http://s.test" } }),
    "adapters.storage.fetch: expected a function, not undefined",
  );
  await rejects(
    processVideos({ ...ADAPTERS, veo: { url: 1, fetch } } as unknown as VideoAdapters, options()),
    { name: "TypeError", message: "adapters.veo.url: expected a string" },
  );
});

Deno.test("an object that throws when it is read becomes an error, never a trap", async () => {
  const trap = new Proxy({}, {
    get() {
      throw new Error("hands off");
    },
  });
  await rejects(processImages(ADAPTERS, trap as RunOptions), {
    name: "TypeError",
    message: "options.models: cannot be read",
  });
});

Deno.test("adapters that return nonsense, or what cannot be read, end the run with a reason", async () => {
  const read = Response.json([]);
  await read.text();
  const locked = Response.json([]);
  locked.body!.getReader();
  const broken = new ReadableStream({ pull: () => Promise.reject(new Error("broken")) });
  const words = new ReadableStream({ start: (controller) => controller.enqueue("words") });
  const unreadable = [read, locked, new Response(broken), new Response(words)];
  const answers: unknown[] = [undefined, null, 7, "text", {}, Response.error(), () => 1];
  for (const answer of [...answers, ...unreadable]) {
    const pgmq = { url: "http://queue.test/rest/v1", fetch: () => answer };
    const report = await processImages({ ...ADAPTERS, pgmq } as ImageAdapters, options());
    equal(report.stopped, "unavailable");
    equal(report.error?.code, "queue_failed");
  }
});

Deno.test("a log that throws does not stop the run", async () => {
  const log = () => {
    throw new Error("disk full");
  };
  const report = await processImages(ADAPTERS, options({ log }));
  equal(report.stopped, "unavailable");
});
