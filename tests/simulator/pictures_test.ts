import assert from "node:assert/strict";
import { startSimulator } from "../../local/simulator/mod.ts";
import { askForImage, bytesOf, IMAGE_MODEL, imageIn, send, sizeOf, TINY_PNG } from "./client.ts";

Deno.test("a prompt always gives the same picture, another prompt another one", async () => {
  await using simulator = await startSimulator();
  const first = imageIn(await askForImage(simulator, "A lighthouse"));
  assert.equal(sizeOf(first), "png 1024x1024");
  assert.equal(imageIn(await askForImage(simulator, "A lighthouse")), first);
  assert.notEqual(imageIn(await askForImage(simulator, "A mill")), first);
});

Deno.test("any text can be drawn", async () => {
  await using simulator = await startSimulator();
  const prompts = [
    "夜の森と川",
    "ليلة في الغابة",
    "<b>&amp;</b>\u0000\u0007",
    "\ud800 🌲",
    "x".repeat(200_000),
    " ",
  ];
  for (const prompt of prompts) {
    assert.equal(sizeOf(imageIn(await askForImage(simulator, prompt))), "png 1024x1024");
  }
});

Deno.test("an edit shows the picture it was given and keeps its shape", async () => {
  await using simulator = await startSimulator();
  const wide = { aspectRatio: "16:9" };
  const source = imageIn(await askForImage(simulator, "A lighthouse", wide));
  const edited = imageIn(await askForImage(simulator, "Add a storm", {}, source));
  assert.equal(sizeOf(edited), "png 1344x768");
  assert.notEqual(edited, imageIn(await askForImage(simulator, "Add a storm", wide)));
  const tiny = await askForImage(simulator, "Add a storm", {}, TINY_PNG);
  assert.equal(sizeOf(imageIn(tiny)), "png 1024x1024");
});

Deno.test("one model answers with JPEG, thinks, and takes no numbers of sampling", async () => {
  await using simulator = await startSimulator();
  const ask = (generationConfig: object) =>
    send(simulator, "POST", "/models/gemini-nano-banana-2.1:generateContent", {
      contents: [{ parts: [{ text: "A mill" }] }],
      generationConfig,
    });
  const reply = await ask({ imageConfig: { imageSize: "2K", aspectRatio: "16:9" } });
  assert.equal(sizeOf(imageIn(reply)), "jpg 2752x1536");
  const { promptTokenCount, candidatesTokenCount, thoughtsTokenCount, totalTokenCount } =
    reply.json.usageMetadata;
  assert.equal(candidatesTokenCount, 1680);
  assert.ok(thoughtsTokenCount > 0);
  assert.equal(totalTokenCount, promptTokenCount + candidatesTokenCount + thoughtsTokenCount);
  for (const name of ["seed", "temperature", "topP", "topK"]) {
    const refused = await ask({ [name]: 1 });
    assert.equal(refused.status, 400);
    assert.match(refused.json.error.message, new RegExp(`^${name} is not supported`));
  }
  assert.equal((await ask({ imageConfig: { imageSize: "512" } })).status, 400);
});

Deno.test("the newer model makes extreme shapes and four sizes, the older one does not", async () => {
  await using simulator = await startSimulator();
  const ask = (model: string, imageConfig: unknown, seed?: number) =>
    send(simulator, "POST", `/models/${model}:generateContent`, {
      contents: [{ parts: [{ text: "A mill" }] }],
      // The API reads both spellings.
      generation_config: { image_config: imageConfig, seed },
    });
  const newer = "gemini-3.1-flash-image";
  const small = await ask(newer, { image_size: "512", aspect_ratio: "3:2" });
  assert.equal(sizeOf(imageIn(small)), "png 632x424");
  assert.equal(small.json.usageMetadata.candidatesTokenCount, 747);
  assert.equal(sizeOf(imageIn(await ask(newer, { aspectRatio: "8:1" }))), "png 3072x384");
  for (const imageConfig of [{ imageSize: "1K" }, { aspectRatio: "8:1" }]) {
    assert.equal((await ask(IMAGE_MODEL, imageConfig)).status, 400);
  }
  assert.equal((await ask(newer, { imageSize: "2k" })).status, 400);
  const [first, second] = [await ask(IMAGE_MODEL, {}, 1), await ask(IMAGE_MODEL, {}, 2)];
  assert.notDeepEqual(bytesOf(imageIn(first)), bytesOf(imageIn(second)), "seeds differ");
});
