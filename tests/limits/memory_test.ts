/**
 * A function has 256 MB on Supabase, the runtime included. Assets of the documented sizes fit into it
 * with the default concurrency and every job at its limit. Larger ones are refused with a reason, and
 * also within the limit.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type Job, run } from "./function.ts";
import { type Lie, type Sizes, startServices } from "./services.ts";

const MB = 1024 * 1024;
const MEMORY = 256 * MB;

// The rest of the 64 MB is the JSON around the base64.
const INLINE = 48 * MB - 3 * 1024;

/** The default concurrency. */
const AT_ONCE = { image: 5, video: 1 };

const PASSES: Record<string, Sizes> = {
  "images of 20 MB": { kind: "image", jobs: 10, asset: 20 * MB },
  "images of 20 MB, edits of as much": { kind: "image", jobs: 10, asset: 20 * MB, source: 20 * MB },
  "images of 20 MB, edits of 14 that are as much together": {
    kind: "image",
    jobs: 10,
    asset: 20 * MB,
    source: Math.floor(20 * MB / 14),
    sources: 14,
  },
  "images of 2 MB, edits of 3 of 4 MB": {
    kind: "image",
    jobs: AT_ONCE.image,
    asset: 2 * MB,
    source: 4_000_000,
    sources: 3,
  },
  "images of 29 MB": { kind: "image", jobs: 10, asset: 29 * MB },
  "videos of 60 MB, from 3 images of 6": {
    kind: "video",
    jobs: 2,
    asset: 60 * MB,
    source: 6 * MB,
    sources: 3,
  },
  "videos of 60 MB, from images of 20": { kind: "video", jobs: 2, asset: 60 * MB, source: 20 * MB },
  "videos of 60 MB, from a host that gives parts": {
    kind: "video",
    jobs: 2,
    asset: 60 * MB,
    parts: true,
  },
  "videos of 48 MB inside of a reply": { kind: "video", jobs: 2, asset: INLINE, inline: true },
};

// Deno unpacks these, or the functions do; what a body becomes is held in pieces of its own.
for (const coding of ["gzip", "br", "deflate"] as const) {
  PASSES[`images of 20 MB, edits of as much, in ${coding}`] = {
    kind: "image",
    jobs: AT_ONCE.image,
    asset: 20 * MB,
    source: 20 * MB,
    coding,
  };
  PASSES[`images of 2 MB, edits of 3 of 4 MB, in ${coding}`] = {
    kind: "image",
    jobs: AT_ONCE.image,
    asset: 2 * MB,
    source: 4_000_000,
    sources: 3,
    coding,
  };
  PASSES[`videos of 60 MB, from images of 20, in ${coding}`] = {
    kind: "video",
    jobs: 1,
    asset: 60 * MB,
    source: 20 * MB,
    coding,
  };
}

const REFUSED: Record<string, [Sizes, RegExp]> = {
  "images of 31 MB": [
    { kind: "image", jobs: 5, asset: 31 * MB },
    /^provider_reply_unreadable: gemini-2.5-flash-image sent more than the 40 MB that fit into/,
  ],
  "source images of 21 MB": [
    { kind: "image", jobs: 5, asset: MB, source: 21 * MB },
    /^source_image_unusable: .* more than 20 MB/,
  ],
  "source images of 3 times 7 MB": [
    { kind: "image", jobs: 5, asset: MB, source: 7 * MB, sources: 3 },
    /^source_image_unusable: .* more than 20 MB/,
  ],
  "videos of 49 MB inside of a reply": [
    { kind: "video", jobs: 1, asset: 49 * MB, inline: true },
    /^provider_reply_unreadable: projects\/.*\/operations\/big sent more than the 64 MB that fit/,
  ],
};

async function measured(sizes: Sizes): Promise<{ jobs: Job[]; stored: number[] }> {
  await using services = startServices(sizes);
  const { jobs: claimed, peak, stopped } = await run(services, sizes.kind);
  ok(claimed.length >= AT_ONCE[sizes.kind], `${claimed.length} jobs`);
  // On a slow machine the CPU time may be used up before the last job: the run then defers the rest.
  const jobs = stopped === "cpu" ? claimed.filter(({ outcome }) => outcome !== "waiting") : claimed;
  if (stopped !== "cpu") equal(jobs.length, sizes.jobs);
  ok(jobs.length > 0, "no job was begun");
  console.log(`peak: ${(peak / MB).toFixed()} MB`);
  ok(peak < MEMORY, `${(peak / MB).toFixed()} MB`);
  return { jobs, stored: services.stored };
}

for (const [name, sizes] of Object.entries(PASSES)) {
  Deno.test(`${name} fit into a function`, async () => {
    const { jobs, stored } = await measured(sizes);
    for (const job of jobs) deepEqual([job.outcome, job.error], ["succeeded", undefined]);
    for (const size of stored) ok(size >= sizes.asset && size < sizes.asset + 16, `${size}`);
  });
}
for (const [name, [sizes, reason]] of Object.entries(REFUSED)) {
  Deno.test(`${name} are refused`, async () => {
    const { jobs, stored } = await measured(sizes);
    for (const { outcome, error } of jobs) {
      equal(outcome, "failed");
      match(`${error?.code}: ${error?.message}`, reason);
    }
    equal(stored.length, 0);
  });
}

const LIES: [Lie, Sizes["coding"]?][] = [
  ["said to be gzip"],
  ["not said to be gzip"],
  ...(["too short", "too long", "cut"] as const).flatMap((about): [Lie, Sizes["coding"]?][] => [
    [about],
    [about, "gzip"],
    [about, "br"],
    [about, "deflate"],
  ]),
];

for (const [about, coding] of LIES) {
  for (
    const [kind, of] of [["image", "sources"], ["image", "assets"], ["video", "assets"]] as const
  ) {
    // All of the image has come when the end of the reply is missed.
    const isWhole = kind === "image" && of === "assets" && about === "too long";
    // Of a body that it unpacks, Deno may lose what it has not passed on by then: how much depends on when the end comes.
    const mayBeCut = isWhole && coding !== undefined;
    const name = `${of} of ${kind}s, ${about}${coding ? `, in ${coding}` : ""}`;
    Deno.test(`${name}: ${mayBeCut ? "whole or no " : isWhole ? "" : "no "}success`, async () => {
      const lie = { about, of };
      const sizes: Sizes = { kind, jobs: AT_ONCE[kind], asset: MB, source: MB, coding, lie };
      const { jobs, stored } = await measured(sizes);
      const succeeded = jobs.filter(({ outcome }) => outcome === "succeeded").length;
      equal(stored.length, succeeded);
      ok(stored.every((size) => size >= MB), stored.join());
      if (!mayBeCut) equal(succeeded, isWhole ? jobs.length : 0);
    });
  }
}
