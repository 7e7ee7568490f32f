import assert from "node:assert/strict";
import { startSimulator } from "../../local/simulator/mod.ts";
import { askForImage, askForVideo, IMAGE_MODEL, VEO_MODEL } from "./client.ts";

Deno.test("a rule answers as often as it says, then the simulator is itself again", async () => {
  await using simulator = await startSimulator();
  simulator.script({ match: { kind: "image" }, times: 2, preset: "quota", retryDelay: "1.5s" });
  for (let attempt = 0; attempt < 2; attempt++) {
    const { status, json } = await askForImage(simulator, "A mill");
    assert.equal(status, 429);
    assert.equal(json.error.details.at(-1).retryDelay, "1.5s");
  }
  assert.equal((await askForImage(simulator, "A mill")).status, 200);
  assert.equal(simulator.accepted("image"), 1);
});

Deno.test("rules match by method, path, model and prompt", async () => {
  await using simulator = await startSimulator();
  simulator.script({ match: { model: VEO_MODEL }, preset: "retired", times: "always" });
  simulator.script({ match: { prompt: /storm/ }, preset: "internal" });
  simulator.script({ match: { path: ":generate", method: "post" }, status: 418, body: {} });
  assert.equal((await askForImage(simulator, "A storm")).status, 500);
  assert.equal((await askForImage(simulator, "A mill")).status, 418);
  assert.equal((await askForImage(simulator, "A mill")).status, 200);
  const retired = await askForVideo(simulator, { prompt: "A mill" });
  assert.match(retired.json.error.message, /is no longer available/);
  assert.throws(() => simulator.script({ preset: "nonsense" as "drop" }), /unknown preset/);
});

Deno.test("a fault callback is asked about requests that no rule is for", async () => {
  const asked: (string | undefined)[] = [];
  await using simulator = await startSimulator({
    fault: ({ prompt }) => {
      asked.push(prompt);
      return prompt === "A storm" ? { preset: "unavailable" } : undefined;
    },
  });
  simulator.script({ match: { prompt: "A flood" }, preset: "internal" });
  assert.equal((await askForImage(simulator, "A flood")).status, 500);
  assert.equal((await askForImage(simulator, "A storm")).status, 503);
  assert.equal((await askForImage(simulator, "A mill")).status, 200);
  assert.deepEqual(asked, ["A storm", "A mill"]);
});

Deno.test("recorded requests hold no key and no heap of base64", async () => {
  await using simulator = await startSimulator();
  await askForImage(simulator, "A mill", {}, btoa("x".repeat(3000)));
  const [request] = simulator.requests;
  const text = JSON.stringify(request);
  assert.ok(!text.includes(simulator.apiKey));
  assert.match(text, /base64:3000 bytes, sha256 [0-9a-f]{16}/);
  const { kind, model, prompt } = request;
  assert.deepEqual({ kind, model, prompt }, {
    kind: "image",
    model: IMAGE_MODEL,
    prompt: "A mill",
  });
});
