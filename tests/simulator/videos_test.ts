import assert from "node:assert/strict";
import { startSimulator } from "../../local/simulator/mod.ts";
import { askForInteraction, OMNI_MODEL, send, TINY_PNG } from "./client.ts";
import { describe } from "./mp4.ts";

Deno.test("an interaction is in progress, then completed with a video to download", async () => {
  await using simulator = await startSimulator();
  const created = await askForInteraction(simulator, "A lion walks", { duration: "4s" });
  const { id, ...head } = created.json;
  assert.deepEqual(head, { status: "in_progress", object: "interaction", model: OMNI_MODEL });

  const { json } = await send(simulator, "GET", `/interactions/${id}`);
  assert.equal(json.status, "completed");
  const [step] = json.steps;
  assert.equal(step.type, "model_output");
  assert.equal(step.content[0].mime_type, "video/mp4");
  assert.equal(json.usage.total_output_tokens, 4 * 5792);
  const response = await fetch(step.content[0].uri, {
    headers: { "x-goog-api-key": simulator.apiKey },
  });
  assert.equal(describe(new Uint8Array(await response.arrayBuffer())).seconds, 4);
});

Deno.test("inline delivery brings the video along", async () => {
  await using simulator = await startSimulator();
  const format = { delivery: "inline", duration: "4s", aspect_ratio: "9:16" };
  const { json: { id } } = await askForInteraction(simulator, "A lion walks", format);
  const { json } = await send(simulator, "GET", `/interactions/${id}`);
  const { data, uri } = json.steps[0].content[0];
  assert.equal(uri, undefined);
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  assert.equal(describe(bytes).height, 640);
});

Deno.test("a running interaction can be cancelled", async () => {
  await using simulator = await startSimulator({ videoDelayMs: 3_600_000 });
  const { json: { id } } = await askForInteraction(simulator, "A lion walks");
  const path = `/interactions/${id}`;
  assert.equal((await send(simulator, "GET", path)).json.status, "in_progress");
  assert.equal((await send(simulator, "POST", `${path}/cancel`)).json.status, "cancelled");
  assert.equal((await send(simulator, "GET", path)).json.status, "cancelled");
});

Deno.test("a refusal is a completed interaction with words only", async () => {
  await using simulator = await startSimulator();
  simulator.script({ match: { kind: "video" }, preset: "safety" });
  const { json: { id } } = await askForInteraction(simulator, "A lion walks");
  const { json } = await send(simulator, "GET", `/interactions/${id}`);
  assert.equal(json.status, "completed");
  assert.deepEqual(json.steps[0].content.map((item: { type: string }) => item.type), ["text"]);
});

Deno.test("an unknown id is a bad request with a word for a code", async () => {
  await using simulator = await startSimulator();
  const { status, json } = await send(simulator, "GET", "/interactions/v1_none");
  assert.equal(status, 400);
  assert.equal(json.error.code, "invalid_request");
});

Deno.test("what Omni refuses bills nothing, an empty input does", async () => {
  await using simulator = await startSimulator();
  const base = { model: OMNI_MODEL, background: true };
  const format = { type: "video", delivery: "uri" };
  const cases: [body: unknown, message: RegExp][] = [
    [{ ...base, responseFormat: format }, /Unknown parameter 'responseFormat'/],
    [{ ...base, response_format: { ...format, duration: "2s" } }, /duration/],
    [{ ...base, response_format: { ...format, duration: 8 } }, /duration/],
    [{ ...base, response_format: { ...format, aspect_ratio: "1:1" } }, /aspect_ratio/],
    [
      { ...base, response_format: format, generation_config: { temperature: 1 } },
      /Unknown parameter 'temperature'/,
    ],
    [
      { ...base, response_format: format, generation_config: { video_config: { task: "x" } } },
      /Unknown task 'x'/,
    ],
    [{ ...base, response_format: format, generation_config: { seed: "7" } }, /seed/],
    [{ ...base, model: "gemini-omni-9", response_format: format }, /not found/],
    [
      { ...base, response_format: format, input: [{ type: "image", inlineData: TINY_PNG }] },
      /Unknown parameter 'inlineData'/,
    ],
  ];
  for (const [body, message] of cases) {
    const { status, json } = await send(simulator, "POST", "/interactions", body);
    assert.equal(status, 400);
    assert.match(json.error.message, message);
  }
  assert.equal(simulator.accepted("video"), 0);
  const empty = await send(simulator, "POST", "/interactions", {
    ...base,
    response_format: format,
  });
  assert.equal(empty.status, 200);
  assert.equal(simulator.accepted("video"), 1);
});
