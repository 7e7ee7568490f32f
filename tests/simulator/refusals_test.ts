import assert from "node:assert/strict";
import { type Simulator, startSimulator } from "../../local/simulator/mod.ts";
import { askForVideo, send, TINY_PNG, VEO_MODEL } from "./client.ts";
import { describe } from "./mp4.ts";

const SUBMIT = `/models/${VEO_MODEL}:predictLongRunning`;

async function uriOf(simulator: Simulator, parameters = {}): Promise<string> {
  const { json: { name } } = await askForVideo(simulator, "A lion walks", parameters);
  const { json } = await send(simulator, "GET", `/${name}`);
  return json.response.generateVideoResponse.generatedSamples[0].video.uri;
}

Deno.test("a pending operation is its name and nothing else", async () => {
  await using simulator = await startSimulator({ videoDelayMs: 3_600_000 });
  const { json: { name } } = await askForVideo(simulator, "A lion walks");
  assert.match(name, new RegExp(`^models/${VEO_MODEL}/operations/[a-z0-9]+$`));
  assert.deepEqual((await send(simulator, "GET", `/${name}`)).json, { name });
});

Deno.test("a finished operation names a film that plays as long as it was asked to", async () => {
  await using simulator = await startSimulator();
  const cases = [
    { parameters: {}, seconds: 8, width: 640, height: 360 },
    {
      parameters: { durationSeconds: 4, aspectRatio: "9:16" },
      seconds: 4,
      width: 360,
      height: 640,
    },
  ];
  for (const { parameters, ...expected } of cases) {
    const response = await fetch(await uriOf(simulator, parameters), {
      headers: { "x-goog-api-key": simulator.apiKey },
    });
    assert.equal(response.headers.get("content-type"), "video/mp4");
    const bytes = new Uint8Array(await response.arrayBuffer());
    assert.equal(response.headers.get("content-length"), String(bytes.length));
    const { types, samples, ...film } = describe(bytes);
    assert.equal(types[0], "ftyp");
    assert.ok(types.includes("moov") && types.includes("mdat"));
    assert.deepEqual(film, expected);
    assert.ok(samples > expected.seconds * 5);
  }
});

Deno.test("a download needs the key", async () => {
  await using simulator = await startSimulator();
  const response = await fetch(await uriOf(simulator));
  assert.equal(response.status, 403);
  assert.equal((await response.json()).error.status, "PERMISSION_DENIED");
});

Deno.test("a scripted redirect leads to another origin, which must not see the key", async () => {
  await using simulator = await startSimulator();
  const uri = await uriOf(simulator, { durationSeconds: 4 });
  simulator.script({ match: { kind: "download" }, preset: "redirect" });
  const headers = { "x-goog-api-key": simulator.apiKey };
  const response = await fetch(uri, { headers, redirect: "manual" });
  await response.body?.cancel();
  assert.equal(response.status, 302);
  const location = response.headers.get("location")!;
  assert.notEqual(new URL(location).origin, new URL(uri).origin);
  const withKey = await fetch(location, { headers });
  await withKey.body?.cancel();
  assert.equal(withKey.status, 400);
  const without = await fetch(location);
  assert.equal(without.status, 200);
  assert.equal(describe(new Uint8Array(await without.arrayBuffer())).seconds, 4);
});

Deno.test("an image to animate is bytesBase64Encoded", async () => {
  await using simulator = await startSimulator();
  const submit = (image: unknown) =>
    send(simulator, "POST", SUBMIT, { instances: [{ prompt: "Animate", image }] });
  const good = await submit({ bytesBase64Encoded: TINY_PNG, mimeType: "image/png" });
  assert.equal(good.status, 200);
  const bad = await submit({ inlineData: { data: TINY_PNG, mimeType: "image/png" } });
  assert.equal(bad.status, 400);
  assert.match(bad.json.error.message, /`inlineData` isn't supported by this model/);
});

Deno.test("parameters that Veo refuses are refused, and bill nothing", async () => {
  await using simulator = await startSimulator();
  const cases: [parameters: unknown, message: RegExp][] = [
    [{ durationSeconds: "8" }, /`durationSeconds` needs to be a number/],
    [{ durationSeconds: 9 }, /`durationSeconds` is out of bound/],
    [{ durationSeconds: 5 }, /4, 6 and 8/],
    [{ resolution: "1080p", durationSeconds: 6 }, /requires duration seconds to be 8/],
    [{ resolution: "480p" }, /resolution 480p/],
    [{ generateAudio: true }, /`generateAudio` isn't supported/],
    [{ aspectRatio: "1:1" }, /aspect ratio/],
    [{ negativePrompt: 7 }, /`negativePrompt` needs to be a string/],
    [{ seed: -1 }, /`seed` needs to be an unsigned 32-bit integer/],
    [{ personGeneration: "dont_allow" }, /dont_allow for personGeneration is currently not/],
  ];
  for (const [parameters, message] of cases) {
    const { status, json } = await askForVideo(simulator, "A lion walks", parameters as object);
    assert.equal(status, 400);
    assert.match(json.error.message, message);
  }
  assert.equal(simulator.accepted("video"), 0);
});

Deno.test("what Veo takes together with images is what its documentation says", async () => {
  await using simulator = await startSimulator();
  const image = { bytesBase64Encoded: TINY_PNG, mimeType: "image/png" };
  const reference = { image, referenceType: "asset" };
  const ask = async (instance: object, parameters = {}, model = VEO_MODEL) => {
    const { status, json } = await send(simulator, "POST", `/models/${model}:predictLongRunning`, {
      instances: [{ prompt: "A lion walks", ...instance }],
      parameters,
    });
    return status === 200 ? "accepted" : json.error.message;
  };
  const accepted: [instance: object, parameters?: object][] = [
    [{ image, lastFrame: image }, { durationSeconds: 4, seed: 4_294_967_295 }],
    [{ image }, { personGeneration: "allow_adult", negativePrompt: "rain" }],
    [{ referenceImages: [reference, reference, reference] }, { aspectRatio: "9:16" }],
    [{}, { personGeneration: "allow_all" }],
  ];
  for (const [instance, parameters] of accepted) {
    assert.equal(await ask(instance, parameters), "accepted");
  }
  assert.equal(simulator.accepted("video"), accepted.length);
  const refused: [instance: object, parameters: object, message: RegExp][] = [
    [{ lastFrame: image }, {}, /`lastFrame` requires `image`/],
    [{ image, referenceImages: [reference] }, {}, /can't be used together with `image`/],
    [{ referenceImages: Array(4).fill(reference) }, {}, /At most 3 reference images/],
    [{ referenceImages: [{ image, referenceType: "style" }] }, {}, /has to be `asset`/],
    [{ referenceImages: [reference] }, { durationSeconds: 6 }, /use case is currently not/],
    [{ image }, { personGeneration: "allow_all" }, /allow_all for personGeneration/],
  ];
  for (const [instance, parameters, message] of refused) {
    assert.match(await ask(instance, parameters), message);
  }
  const older = "veo-3.0-fast-generate-001";
  assert.match(await ask({ referenceImages: [reference] }, {}, older), /currently not supported/);
  assert.equal(simulator.accepted("video"), accepted.length);
});

Deno.test("an operation that nobody started is not found", async () => {
  await using simulator = await startSimulator();
  const { status, json } = await send(simulator, "GET", `/models/${VEO_MODEL}/operations/none`);
  assert.equal(status, 404);
  assert.equal(json.error.status, "NOT_FOUND");
});
