import assert from "node:assert/strict";
import { decode } from "fast-png";
import { startSimulator } from "../../local/simulator/mod.ts";
import { askForImage, IMAGE_MODEL, imageIn, send, sizeOf, TINY_PNG } from "./client.ts";

Deno.test("an image reply has the shape of the API's", async () => {
  await using simulator = await startSimulator();
  const { status, json } = await askForImage(simulator, "A lighthouse at noon");
  assert.equal(status, 200);
  const [candidate] = json.candidates;
  assert.equal(candidate.finishReason, "STOP");
  assert.equal(candidate.content.role, "model");
  assert.equal(typeof candidate.content.parts[0].text, "string");
  assert.equal(candidate.content.parts[1].inlineData.mimeType, "image/png");
  assert.equal(json.modelVersion, IMAGE_MODEL);
  assert.equal(json.usageMetadata.candidatesTokenCount, 1290);
  assert.equal(
    json.usageMetadata.totalTokenCount,
    json.usageMetadata.promptTokenCount + json.usageMetadata.candidatesTokenCount,
  );
});

Deno.test("a picture has the size of its aspect ratio and is no empty canvas", async () => {
  await using simulator = await startSimulator();
  for (const [aspectRatio, size] of [["1:1", "1024x1024"], ["16:9", "1344x768"]]) {
    const png = imageIn(await askForImage(simulator, "A lighthouse at noon", { aspectRatio }));
    assert.equal(sizeOf(png), `png ${size}`);
    const { data } = decode(png);
    assert.ok(new Set(data.slice(0, 400_000)).size > 50);
  }
  assert.equal(sizeOf(imageIn(await askForImage(simulator, "No wish"))), "png 1024x1024");
});

Deno.test("the same prompt gives the same picture, another prompt another one", async () => {
  await using simulator = await startSimulator();
  const first = imageIn(await askForImage(simulator, "A lighthouse"));
  assert.deepEqual(imageIn(await askForImage(simulator, "A lighthouse")), first);
  assert.notDeepEqual(imageIn(await askForImage(simulator, "A mill")), first);
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
  const edit = (data: string) =>
    send(simulator, "POST", `/models/${IMAGE_MODEL}:generateContent`, {
      contents: [{
        parts: [{ text: "Add a storm" }, { inlineData: { mimeType: "image/png", data } }],
      }],
    });
  const wide = await askForImage(simulator, "A lighthouse", { aspectRatio: "16:9" });
  const { data } = wide.json.candidates[0].content.parts[1].inlineData;
  const edited = imageIn(await edit(data));
  assert.equal(sizeOf(edited), "png 1344x768");
  const without = imageIn(await askForImage(simulator, "Add a storm", { aspectRatio: "16:9" }));
  assert.notDeepEqual(edited, without);
  assert.equal(sizeOf(imageIn(await edit(TINY_PNG))), "png 1024x1024");
});

Deno.test("requests that the API refuses are refused in its words, and bill nothing", async () => {
  await using simulator = await startSimulator();
  const contents = [{ parts: [{ text: "A mill" }] }];
  const cases: [body: unknown, message: RegExp][] = [
    [{ contents, sceneId: "1" }, /Unknown name "sceneId": Cannot find field/],
    [
      { contents, generationConfig: { imageConfig: { ratio: "1:1" } } },
      /Unknown name "ratio" at 'generation_config.image_config': Cannot find field/,
    ],
    [
      { contents: [{ parts: [{ text: 7 }] }] },
      /Invalid value at 'contents\[0\].parts\[0\].text' \(TYPE_STRING\), 7/,
    ],
    [
      { contents: [{ parts: [{ inlineData: { mimeType: "image/png", data: "%%" } }] }] },
      /inline_data.data' \(TYPE_BYTES\)/,
    ],
    [
      { contents: [{ parts: [{ inlineData: { mimeType: "image/gif", data: TINY_PNG } }] }] },
      /Unsupported MIME type: image\/gif/,
    ],
    [
      { contents: [{ parts: [{ inlineData: { mimeType: "image/png", data: "AAAA" } }] }] },
      /Unable to process input image/,
    ],
    [{ contents, generationConfig: { imageConfig: { aspectRatio: "2:1" } } }, /aspect ratio/],
    [{ contents, generationConfig: { responseModalities: ["VIDEO"] } }, /Modality/],
    [{}, /contents is not specified/],
  ];
  for (const [body, message] of cases) {
    const reply = await send(simulator, "POST", `/models/${IMAGE_MODEL}:generateContent`, body);
    assert.equal(reply.status, 400);
    assert.equal(reply.json.error.status, "INVALID_ARGUMENT");
    assert.match(reply.json.error.message, message);
  }
  assert.equal(simulator.accepted("image"), 0);
});

Deno.test("the newer model makes extreme shapes and four sizes, the older one does not", async () => {
  await using simulator = await startSimulator();
  const ask = (model: string, imageConfig: unknown, seed?: number) =>
    send(simulator, "POST", `/models/${model}:generateContent`, {
      contents: [{ parts: [{ text: "A mill" }] }],
      generationConfig: { imageConfig, seed },
    });
  const newer = "gemini-3.1-flash-image";
  const small = await ask(newer, { imageSize: "512", aspectRatio: "3:2" });
  assert.equal(sizeOf(imageIn(small)), "png 632x424");
  assert.equal(small.json.usageMetadata.candidatesTokenCount, 747);
  const strip = await ask(newer, { aspectRatio: "8:1" });
  assert.equal(sizeOf(imageIn(strip)), "png 3072x384");
  assert.equal(strip.json.usageMetadata.candidatesTokenCount, 1120);
  for (const imageConfig of [{ imageSize: "1K" }, { aspectRatio: "8:1" }]) {
    assert.equal((await ask(IMAGE_MODEL, imageConfig)).status, 400);
  }
  for (const imageConfig of [{ imageSize: "2k" }, { personGeneration: "allow_all" }]) {
    assert.equal((await ask(newer, imageConfig)).status, 400);
  }
  const [first, second, other] = [
    await ask(IMAGE_MODEL, {}, 1),
    await ask(IMAGE_MODEL, {}, 1),
    await ask(IMAGE_MODEL, {}, 2),
  ];
  assert.deepEqual(imageIn(first), imageIn(second));
  assert.notDeepEqual(imageIn(first), imageIn(other));
});

Deno.test("names in snake_case are read too", async () => {
  await using simulator = await startSimulator();
  const reply = await send(simulator, "POST", `/models/${IMAGE_MODEL}:generateContent`, {
    contents: [{ parts: [{ text: "A mill" }] }],
    generation_config: { response_modalities: ["IMAGE"], image_config: { aspect_ratio: "9:16" } },
  });
  assert.equal(sizeOf(imageIn(reply)), "png 768x1344");
});
