import assert from "node:assert/strict";
import { startSimulator } from "../../local/simulator/mod.ts";
import { sizeOf } from "../simulator/client.ts";
import { generateImage, imageAndVeoClient } from "./official_requests.ts";
import { IMAGE_MODEL, picture } from "./samples.ts";

// deno-lint-ignore no-explicit-any -- the error classes of the library are not worth importing
type Thrown = any;

Deno.test("@google/genai generates an image", async () => {
  await using simulator = await startSimulator();
  const reply = await generateImage(simulator, {
    model: IMAGE_MODEL,
    prompt: "A lighthouse",
    aspectRatio: "16:9",
  });
  const parts = reply.candidates![0].content!.parts!;
  const { mimeType, data } = parts.find((part) => part.inlineData)!.inlineData!;
  assert.equal(mimeType, "image/png");
  assert.equal(sizeOf(data!), "png 1344x768");
  assert.equal(reply.modelVersion, IMAGE_MODEL);
  assert.equal(reply.usageMetadata?.candidatesTokensDetails?.[0].tokenCount, 1290);
});

Deno.test("@google/genai edits an image", async () => {
  await using simulator = await startSimulator();
  const source = await picture();
  const reply = await generateImage(simulator, {
    model: IMAGE_MODEL,
    prompt: "Storm",
    sources: [source],
  });
  const parts = reply.candidates![0].content!.parts!;
  const { data } = parts.find((part) => part.inlineData)!.inlineData!;
  assert.equal(sizeOf(data!), "png 1344x768");
  assert.equal(reply.usageMetadata?.promptTokensDetails?.[1].modality, "IMAGE");
});

Deno.test("@google/genai reads a blocked prompt and a refused image", async () => {
  await using simulator = await startSimulator();
  simulator.script({ preset: "prompt-blocked" });
  const blocked = await generateImage(simulator, { model: IMAGE_MODEL, prompt: "No" });
  assert.equal(blocked.promptFeedback?.blockReason, "PROHIBITED_CONTENT");
  simulator.script({ preset: "safety" });
  const refused = await generateImage(simulator, { model: IMAGE_MODEL, prompt: "No" });
  assert.equal(refused.candidates?.[0].finishReason, "IMAGE_SAFETY");
});

Deno.test("@google/genai meets a wrong key, an unknown model and a used up quota", async () => {
  await using simulator = await startSimulator();
  const ask = (model: string, apiKey?: string) =>
    imageAndVeoClient(simulator, apiKey).models.generateContent({ model, contents: "A mill" });

  await assert.rejects(ask(IMAGE_MODEL, "wrong"), (error: Thrown) => {
    const { details } = JSON.parse(error.message).error;
    return error.name === "ApiError" && error.status === 400 &&
      details[0].reason === "API_KEY_INVALID";
  });
  await assert.rejects(ask("gemini-0-image"), (error: Thrown) => {
    return error.status === 404 && JSON.parse(error.message).error.status === "NOT_FOUND";
  });
  simulator.script({ preset: "quota" });
  await assert.rejects(ask(IMAGE_MODEL), (error: Thrown) => {
    const { status, details } = JSON.parse(error.message).error;
    return error.status === 429 && status === "RESOURCE_EXHAUSTED" &&
      details.some((detail: Thrown) => detail.retryDelay === "34.4s");
  });
});
