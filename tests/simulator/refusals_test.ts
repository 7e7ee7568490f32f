/** What the API refuses before it bills anything, so that no request of ours may look like it. */
import assert from "node:assert/strict";
import { startSimulator } from "../../local/simulator/mod.ts";
import { askForVideo, IMAGE_MODEL, OMNI_MODEL, send, TINY_PNG, VEO_MODEL } from "./client.ts";

const image = { bytesBase64Encoded: TINY_PNG, mimeType: "image/png" };
const reference = { image, referenceType: "asset" };

Deno.test("images: unknown names, wrong types and what the model cannot do", async () => {
  await using simulator = await startSimulator();
  const contents = [{ parts: [{ text: "A mill" }] }];
  const withImage = (mimeType: string, data: string) => ({
    contents: [{ parts: [{ inlineData: { mimeType, data } }] }],
  });
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
    [withImage("image/png", "%%"), /inline_data.data' \(TYPE_BYTES\)/],
    [withImage("image/gif", TINY_PNG), /Unsupported MIME type: image\/gif/],
    [withImage("image/png", "AAAA"), /Unable to process input image/],
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

Deno.test("Veo: parameters, and images that do not go together", async () => {
  await using simulator = await startSimulator();
  const cases: [instance: object, parameters: object, message: RegExp][] = [
    [{}, { durationSeconds: "8" }, /`durationSeconds` needs to be a number/],
    [{}, { durationSeconds: 9 }, /`durationSeconds` is out of bound/],
    [{}, { durationSeconds: 5 }, /4, 6 and 8/],
    [{}, { resolution: "1080p", durationSeconds: 6 }, /requires duration seconds to be 8/],
    [{}, { resolution: "480p" }, /resolution 480p/],
    [{}, { generateAudio: true }, /`generateAudio` isn't supported/],
    [{}, { aspectRatio: "1:1" }, /aspect ratio/],
    [{}, { negativePrompt: 7 }, /`negativePrompt` needs to be a string/],
    [{}, { seed: -1 }, /`seed` needs to be an unsigned 32-bit integer/],
    [{}, { personGeneration: "dont_allow" }, /dont_allow for personGeneration is currently not/],
    [{ image: { inlineData: {} } }, {}, /`inlineData` isn't supported by this model/],
    [{ lastFrame: image }, {}, /`lastFrame` requires `image`/],
    [{ image, referenceImages: [reference] }, {}, /can't be used together with `image`/],
    [{ referenceImages: Array(4).fill(reference) }, {}, /At most 3 reference images/],
    [{ referenceImages: [{ image, referenceType: "style" }] }, {}, /has to be `asset`/],
    [{ referenceImages: [reference] }, { durationSeconds: 6 }, /use case is currently not/],
    [{ image }, { personGeneration: "allow_all" }, /allow_all for personGeneration/],
  ];
  for (const [instance, parameters, message] of cases) {
    const asked = { prompt: "A lion walks", ...instance };
    const { status, json } = await askForVideo(simulator, asked, parameters);
    assert.equal(status, 400);
    assert.match(json.error.message, message);
  }
  const path = `/models/${VEO_MODEL.replace("3.1", "3.0")}`.replace("preview", "001");
  const older = await send(simulator, "POST", `${path}:predictLongRunning`, {
    instances: [{ prompt: "A lion walks", referenceImages: [reference] }],
  });
  assert.match(older.json.error.message, /currently not supported/);
  assert.equal(simulator.accepted("video"), 0);
});

Deno.test("Veo takes what its documentation says goes together", async () => {
  await using simulator = await startSimulator();
  const cases: [instance: object, parameters?: object][] = [
    [{ image, lastFrame: image }, { durationSeconds: 4, seed: 4_294_967_295 }],
    [{ image }, { personGeneration: "allow_adult", negativePrompt: "rain" }],
    [{ referenceImages: [reference, reference, reference] }, { aspectRatio: "9:16" }],
    [{}, { personGeneration: "allow_all" }],
  ];
  for (const [instance, parameters] of cases) {
    await askForVideo(simulator, { prompt: "A lion walks", ...instance }, parameters);
  }
  assert.equal(simulator.accepted("video"), cases.length);
});

Deno.test("Omni: unknown names and values, but not an empty input", async () => {
  await using simulator = await startSimulator();
  const format = { type: "video", delivery: "uri" };
  const base = { model: OMNI_MODEL, background: true, response_format: format };
  const cases: [change: object, message: RegExp][] = [
    [{ responseFormat: format }, /Unknown parameter 'responseFormat'/],
    [{ response_format: { ...format, duration: "2s" } }, /duration/],
    [{ response_format: { ...format, duration: 8 } }, /duration/],
    [{ response_format: { ...format, aspect_ratio: "1:1" } }, /aspect_ratio/],
    [{ generation_config: { temperature: 1 } }, /Unknown parameter 'temperature'/],
    [{ generation_config: { video_config: { task: "x" } } }, /Unknown task 'x'/],
    [{ generation_config: { seed: "7" } }, /seed/],
    [{ model: "gemini-omni-9" }, /not found/],
    [{ response_format: { ...format, duration: "11s" } }, /at most '10s'/],
    [
      {
        model: "gemini-omni-1.2-flash",
        response_format: { ...format, duration: "11s" },
        input: Array(2).fill({ type: "image", data: TINY_PNG, mime_type: "image/png" }),
      },
      /at most '10s'/,
    ],
    [
      { input: Array(7).fill({ type: "image", data: TINY_PNG, mime_type: "image/png" }) },
      /At most 6 images/,
    ],
    [{ input: [{ type: "image", inlineData: TINY_PNG }] }, /Unknown parameter 'inlineData'/],
  ];
  for (const [change, message] of cases) {
    const body = { ...base, ...change };
    const { status, json } = await send(simulator, "POST", "/interactions", body);
    assert.equal(status, 400);
    assert.match(json.error.message, message);
  }
  assert.equal(simulator.accepted("video"), 0);
  assert.equal((await send(simulator, "POST", "/interactions", base)).status, 200);
  assert.equal(simulator.accepted("video"), 1);
});
