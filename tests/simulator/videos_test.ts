import assert from "node:assert/strict";
import { type Simulator, startSimulator } from "../../local/simulator/mod.ts";
import { askForVideo, bytesOf, describeFilm, OMNI_MODEL, send } from "./client.ts";

async function submit(simulator: Simulator, parameters = {}): Promise<string> {
  return (await askForVideo(simulator, { prompt: "A lion walks" }, parameters)).json.name;
}

async function poll(simulator: Simulator, name: string) {
  return (await send(simulator, "GET", `/${name}`)).json;
}

async function uriOf(simulator: Simulator, parameters = {}): Promise<string> {
  const { response } = await poll(simulator, await submit(simulator, parameters));
  return response.generateVideoResponse.generatedSamples[0].video.uri;
}

Deno.test("a film plays as long as it was asked to, in the shape asked for", async () => {
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
    const headers = { "x-goog-api-key": simulator.apiKey };
    const response = await fetch(await uriOf(simulator, parameters), { headers });
    const bytes = new Uint8Array(await response.arrayBuffer());
    assert.equal(response.headers.get("content-length"), String(bytes.length));
    assert.deepEqual(describeFilm(bytes), { type: "ftyp", ...expected });
    const part = await fetch(response.url, { headers: { ...headers, range: "bytes=4-7" } });
    assert.deepEqual([part.status, await part.text()], [206, "ftyp"]);
    assert.equal(part.headers.get("content-range"), `bytes 4-7/${bytes.length}`);
  }
});

Deno.test("a download needs the key, and a redirect of it must not see the key", async () => {
  await using simulator = await startSimulator();
  const uri = await uriOf(simulator, { durationSeconds: 4 });
  const status = async (address: string, headers = {}) => {
    const response = await fetch(address, { headers, redirect: "manual" });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await status(uri), 403);
  simulator.script({ match: { kind: "download" }, preset: "redirect" });
  const headers = { "x-goog-api-key": simulator.apiKey };
  const { headers: answered } = await fetch(uri, { headers, redirect: "manual" });
  const location = answered.get("location")!;
  assert.notEqual(new URL(location).origin, new URL(uri).origin);
  assert.equal(await status(location, headers), 400);
  assert.equal(await status(location), 200);
});

Deno.test("how a video ends can be scripted at its submission or at a poll, and stays so", async () => {
  await using simulator = await startSimulator();
  simulator.script({ match: { kind: "video" }, preset: "rai-audio" });
  const filtered = (await poll(simulator, await submit(simulator))).response.generateVideoResponse;
  assert.match(filtered.raiMediaFilteredReasons[0], /audio/);

  const name = await submit(simulator);
  simulator.script({ match: { kind: "poll" }, preset: "pending" });
  assert.deepEqual(await poll(simulator, name), { name });
  simulator.script({ match: { kind: "poll" }, preset: "operation-error" });
  for (let again = 0; again < 2; again++) {
    assert.equal((await poll(simulator, name)).error.code, 13);
  }
});

Deno.test("Omni delivers a video in its answer where no address is asked for", async () => {
  await using simulator = await startSimulator();
  const ask = (response_format: object) =>
    send(simulator, "POST", "/interactions", {
      model: OMNI_MODEL,
      input: "A lion",
      response_format,
    });
  const { json } = await ask({ type: "video", duration: "4s", aspect_ratio: "9:16" });
  assert.equal(describeFilm(bytesOf(json.steps[0].content[0].data)).height, 640);
  simulator.script({ match: { kind: "video" }, preset: "safety" });
  const refused = await ask({ type: "video" });
  assert.equal(refused.json.status, "completed");
  assert.equal(refused.json.steps[0].content[0].type, "text");
});
