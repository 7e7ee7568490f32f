/** What a job will probably cost. The prices themselves are tested beside their table. */
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { estimateImageJob, estimateVideoJob } from "../../pkg/generation_queue.js";
import type { Estimate, ValidationError } from "../../pkg/generation_queue.js";

const IMAGE = { storyboardId: "sb", prompt: "A hero" };

Deno.test("an estimate has the models in order, and the range of their prices", () => {
  const models = ["gemini-3.1-flash-image", "gemini-2.5-flash-image"];
  const estimate: Estimate = estimateImageJob(IMAGE, { models });
  deepEqual(estimate, {
    models: [
      { model: "gemini-3.1-flash-image", usd: 0.067 },
      { model: "gemini-2.5-flash-image", usd: 0.039 },
    ],
    lowestUsd: 0.039,
    highestUsd: 0.067,
  });
  const video = estimateVideoJob({ ...IMAGE, durationSeconds: 4 }, {
    models: ["vertex/veo-3.1-fast-generate-001"],
  });
  ok(Math.abs(video.highestUsd! - 0.4) < 1e-9);
});

Deno.test("a price that is not known is null, with the reason", () => {
  const estimate = estimateImageJob(IMAGE, { models: ["tuned"] });
  deepEqual(estimate, {
    models: [{ model: "tuned", usd: null }],
    lowestUsd: null,
    highestUsd: null,
    unknown: "no price is known for tuned",
  });
  for (const options of [undefined, {}, { models: [] }]) {
    equal(estimateImageJob(IMAGE, options).unknown, "the models of the workers are not known");
  }
  const named = { ...IMAGE, model: "gemini-2.5-flash-image" };
  equal(estimateImageJob(named).lowestUsd, 0.039);
});

Deno.test("what a worker would refuse is an error that names the field", () => {
  const models = ["gemini-2.5-flash-image"];
  const fields: [message: unknown, field: string][] = [
    [{ prompt: "p" }, "storyboardId"],
    [{ ...IMAGE, imageSize: "4K" }, "imageSize"],
    [{ ...IMAGE, model: "another" }, "model"],
    [undefined, "message"],
  ];
  for (const [message, field] of fields) {
    throws(() => estimateImageJob(message, { models }), (error) => {
      const { name, issues } = error as ValidationError;
      deepEqual([name, issues[0].field], ["ValidationError", field]);
      return true;
    });
  }
});

Deno.test("other options are an error that names the option", () => {
  for (const models of ["veo", [1], [""], {}]) {
    throws(
      () => estimateImageJob(IMAGE, { models } as never),
      /^TypeError: options\.models: expected an array of non-empty strings/,
    );
  }
  throws(() => estimateImageJob(IMAGE, "veo" as never), /^TypeError: options: expected an object/);
});
