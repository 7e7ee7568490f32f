/** The comparison ignores how a request is written, and nothing else. */
import assert from "node:assert/strict";
import type { RecordedRequest } from "../../local/simulator/mod.ts";
import { officialImageRequest, officialVeoRequest } from "./official_requests.ts";
import { assertSameIntent } from "./same_intent.ts";
import { IMAGE_MODEL, picture, VEO_MODEL } from "./samples.ts";

function assertDifferent(ours: RecordedRequest, theirs: RecordedRequest): void {
  assert.throws(() => assertSameIntent(ours, theirs), assert.AssertionError);
}

Deno.test("spelling and the place of the words do not matter, the pictures and their order do", async () => {
  const sources = [await picture(), await picture("Another one")];
  const request = (chosen: typeof sources) =>
    officialImageRequest({
      model: IMAGE_MODEL,
      prompt: "Mix",
      sources: chosen,
      aspectRatio: "1:1",
    });
  const theirs = await request(sources);
  const [{ parts: [text, ...images] }] =
    (theirs.body as { contents: [{ parts: unknown[] }] }).contents;
  const ours = {
    ...theirs,
    body: {
      generation_config: { image_config: { aspect_ratio: "1:1" }, response_modalities: ["IMAGE"] },
      contents: [{ parts: [...images, text] }],
    },
  };
  assertSameIntent(ours, theirs);
  assertDifferent(ours, await request(sources.toReversed()));
  assertDifferent(ours, await request(sources.slice(1)));
});

Deno.test("a default may be left out, a key in the wrong place or another model not", async () => {
  const request = (durationSeconds: number) =>
    officialVeoRequest({
      model: VEO_MODEL,
      prompt: "A lion walks",
      aspectRatio: "16:9",
      durationSeconds,
      resolution: "720p",
    });
  const theirs = await request(8);
  const ours = { ...theirs, body: { instances: [{ prompt: "A lion walks" }] } };
  assertSameIntent(ours, theirs);
  assertDifferent(ours, await request(6));
  assertDifferent({ ...ours, key: "query" }, theirs);
  assertDifferent({ ...ours, path: ours.path.replace("3.1", "3.0") }, theirs);
});
