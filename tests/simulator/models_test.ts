import assert from "node:assert/strict";
import { startSimulator } from "../../local/simulator/mod.ts";

async function ask(url: string, model: string, key?: string) {
  const headers: Record<string, string> = key === undefined ? {} : { "x-goog-api-key": key };
  const response = await fetch(`${url}/models/${model}`, { headers });
  return { status: response.status, body: await response.json() };
}

Deno.test("a model is described by its name", async () => {
  await using simulator = await startSimulator();
  for (
    const [model, method] of [
      ["gemini-2.5-flash-image", "generateContent"],
      ["veo-3.1-fast-generate-preview", "predictLongRunning"],
      ["gemini-omni-1.1-flash", "createInteraction"],
    ]
  ) {
    const { status, body } = await ask(simulator.url, model, simulator.apiKey);
    assert.equal(status, 200);
    assert.equal(body.name, `models/${model}`);
    assert.ok(body.supportedGenerationMethods.includes(method));
  }
  assert.equal(simulator.accepted("image") + simulator.accepted("video"), 0, "nothing is billed");
});

Deno.test("a model that is not there is a 404, whatever its name", async () => {
  await using simulator = await startSimulator();
  for (const model of ["no-such-model", "constructor"]) {
    const { status, body } = await ask(simulator.url, model, simulator.apiKey);
    assert.equal(status, 404);
    assert.equal(body.error.status, "NOT_FOUND");
    assert.match(body.error.message, new RegExp(`models/${model}`));
  }
});

Deno.test("a wrong key is refused before the model is looked for", async () => {
  await using simulator = await startSimulator();
  for (const model of ["gemini-2.5-flash-image", "no-such-model"]) {
    const { status, body } = await ask(simulator.url, model, "wrong");
    assert.equal(status, 400);
    assert.equal(body.error.details[0].reason, "API_KEY_INVALID");
  }
  assert.equal((await ask(simulator.url, "gemini-2.5-flash-image")).status, 403);
});
