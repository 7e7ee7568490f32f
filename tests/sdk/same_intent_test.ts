import assert from "node:assert/strict";
import { type RecordedRequest, startSimulator } from "../../local/simulator/mod.ts";
import { encodeBase64 } from "../../local/simulator/base64.ts";
import { askForImage } from "../simulator/client.ts";
import {
  officialImageRequest,
  officialOmniRequest,
  officialVeoRequest,
  type Source,
} from "./official_requests.ts";
import { assertSameIntent } from "./same_intent.ts";
import { IMAGE_MODEL, OMNI_MODEL, picture, VEO_MODEL } from "./samples.ts";

/** The request that a plain fetch makes of this. */
async function plain(path: string, body: unknown): Promise<RecordedRequest> {
  await using simulator = await startSimulator();
  const response = await fetch(`${simulator.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-goog-api-key": simulator.apiKey },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, await response.text());
  return simulator.requests[0];
}

Deno.test("a text-to-image request in snake_case means the same as the official one", async () => {
  const theirs = await officialImageRequest({
    model: IMAGE_MODEL,
    prompt: "A mill",
    aspectRatio: "16:9",
  });
  const ours = await plain(`/models/${IMAGE_MODEL}:generateContent`, {
    generation_config: { image_config: { aspect_ratio: "16:9" }, response_modalities: ["IMAGE"] },
    contents: [{ parts: [{ text: "A mill" }] }],
  });
  assertSameIntent(ours, theirs);
});

Deno.test("an edit is the same with its parts in any order, but not with another picture", async () => {
  const source = await picture();
  const theirs = await officialImageRequest({
    model: IMAGE_MODEL,
    prompt: "Storm",
    sources: [source],
  });
  const edit = (data: string) =>
    plain(`/models/${IMAGE_MODEL}:generateContent`, {
      contents: [{
        role: "user",
        parts: [{ inlineData: { mimeType: source.mimeType, data } }, { text: "Storm" }],
      }],
      generationConfig: { responseModalities: ["IMAGE"] },
    });
  assertSameIntent(await edit(encodeBase64(source.bytes)), theirs);
  const other = await picture("Another one");
  const different = await edit(encodeBase64(other.bytes));
  assert.throws(() => assertSameIntent(different, theirs), assert.AssertionError);
});

Deno.test("two pictures in the other order are not the same", async () => {
  const sources = [await picture(), await picture("Another one")];
  const theirs = await officialImageRequest({ model: IMAGE_MODEL, prompt: "Mix", sources });
  const mix = (sources: Source[]) =>
    plain(`/models/${IMAGE_MODEL}:generateContent`, {
      contents: [{
        role: "user",
        parts: [
          ...sources.map(({ bytes, mimeType }) => ({
            inlineData: { mimeType, data: encodeBase64(bytes) },
          })),
          { text: "Mix" },
        ],
      }],
      generationConfig: { responseModalities: ["IMAGE"] },
    });
  assertSameIntent(await mix(sources), theirs);
  const turned = await mix(sources.toReversed());
  assert.throws(() => assertSameIntent(turned, theirs), assert.AssertionError);
});

Deno.test("a Veo request that leaves defaults out means the same, one of 6 s does not", async () => {
  const theirs = await officialVeoRequest({
    model: VEO_MODEL,
    prompt: "A lion walks",
    aspectRatio: "16:9",
    durationSeconds: 8,
    resolution: "720p",
  });
  const submit = (parameters: unknown) =>
    plain(`/models/${VEO_MODEL}:predictLongRunning`, {
      parameters,
      instances: [{ prompt: "A lion walks" }],
    });
  assertSameIntent(await submit({ durationSeconds: 8 }), theirs);
  const shorter = await submit({ durationSeconds: 6 });
  assert.throws(() => assertSameIntent(shorter, theirs), assert.AssertionError);
});

Deno.test("an Omni request that names the implied task means the same", async () => {
  const source = await picture();
  const theirs = await officialOmniRequest({
    model: OMNI_MODEL,
    prompt: "Animate",
    aspectRatio: "9:16",
    durationSeconds: 6,
    resolution: "720p",
    source,
  });
  const ours = await plain("/interactions", {
    model: OMNI_MODEL,
    input: [
      { type: "text", text: "Animate" },
      { type: "image", mime_type: source.mimeType, data: encodeBase64(source.bytes) },
    ],
    background: true,
    response_format: { type: "video", delivery: "uri", aspect_ratio: "9:16", duration: "6s" },
    generation_config: { video_config: { task: "image_to_video" } },
  });
  assertSameIntent(ours, theirs);
});

Deno.test("a key in the wrong place or another model is not the same", async () => {
  const theirs = await officialImageRequest({ model: IMAGE_MODEL, prompt: "A mill" });
  assert.throws(() => assertSameIntent({ ...theirs, key: "query" }, theirs));
  await using simulator = await startSimulator();
  await askForImage(simulator, "A mill");
  const [ours] = simulator.requests;
  assertSameIntent({ ...ours, body: theirs.body }, theirs);
  const path = ours.path.replace("2.5", "3.1");
  assert.throws(() => assertSameIntent({ ...ours, path, body: theirs.body }, theirs));
});
