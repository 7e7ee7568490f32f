/**
 * Replies that are made to use up a function: they end each job with an outcome, within the memory of a
 * function and without much more CPU time than a request has.
 */
import { equal, ok } from "node:assert/strict";
import { brotliCompressSync, constants, deflateSync, gzipSync } from "node:zlib";
import { run } from "./function.ts";
import { startServices } from "./services.ts";

const MB = 1024 * 1024;
const MEMORY = 256 * MB;

/**
 * CPU time of five such replies, in milliseconds: several times what they take on an idle machine, as a busy one
 * doubles it. Work that grows with the square of a reply takes minutes.
 */
const CPU = 10_000;

const bytes = (text: string) => new TextEncoder().encode(text);

/** 300 MB of blanks in some 300 KB. Made when it is needed, and once. */
const BOMBS = {
  gzip: once(() => gzipSync(new Uint8Array(300 * MB).fill(0x20))),
  br: once(() =>
    brotliCompressSync(new Uint8Array(300 * MB).fill(0x20), {
      params: { [constants.BROTLI_PARAM_QUALITY]: 1 },
    })
  ),
  deflate: once(() => deflateSync(new Uint8Array(300 * MB).fill(0x20))),
};

function once(make: () => Uint8Array): () => Uint8Array<ArrayBuffer> {
  let made: Uint8Array<ArrayBuffer> | undefined;
  return () => made ??= new Uint8Array(make());
}

/** What the model answers to an image, and how the job leaves the run. */
const REPLIES: Record<string, [() => Response, outcome: string]> = {
  "20 MB of brackets": [() => new Response("[".repeat(20 * MB)), "retrying"],
  "20 MB of commas in a text": [() => new Response(`["${",".repeat(20 * MB)}"]`), "retrying"],
  "20 MB of one word": [() => new Response(`["${"a".repeat(20 * MB)}"]`), "retrying"],
  "900,000 sentences": [
    () => new Response('{"text":"There is no image today."}\n'.repeat(900_000)),
    "retrying",
  ],
};
for (const [coding, bomb] of Object.entries(BOMBS)) {
  for (const status of [200, 400, 500]) {
    REPLIES[`${status} with 300 MB in ${coding}`] = [
      () => new Response(bomb(), { status, headers: { "content-encoding": coding } }),
      status === 500 ? "waiting" : "failed",
    ];
  }
}

for (const [name, [reply, outcome]] of Object.entries(REPLIES)) {
  Deno.test(`a reply of ${name} ends its job`, async () => {
    await using services = startServices({
      kind: "image",
      jobs: 5,
      asset: MB,
      instead: (path) => path.endsWith(":generateContent") ? reply() : undefined,
    });
    const { jobs, cpu, peak } = await run(services, "image");
    console.log(`${cpu.toFixed()} ms, ${(peak / MB).toFixed()} MB, ${jobs[0]?.error?.message}`);
    equal(jobs.length, 5);
    for (const job of jobs) equal(job.outcome, outcome);
    ok(cpu < CPU, `${cpu} ms`);
    ok(peak < MEMORY, `${peak / MB} MB`);
  });
}

Deno.test("answers of the database without an end take no memory", async () => {
  await using services = startServices({
    kind: "image",
    jobs: 5,
    asset: MB,
    instead: (path) =>
      path.endsWith("/complete_generation_job")
        ? new Response(
          new ReadableStream({ pull: (controller) => controller.enqueue(bytes(" ".repeat(MB))) }),
        )
        : undefined,
  });
  const { jobs, peak } = await run(services, "image");
  console.log(`${(peak / MB).toFixed()} MB, ${jobs[0]?.outcome} ${jobs[0]?.error?.message}`);
  equal(jobs.length, 5);
  ok(jobs.every((job) => job.outcome !== "succeeded"));
  ok(peak < MEMORY, `${peak / MB} MB`);
});
