import assert from "node:assert/strict";
import { startSimulator } from "../../local/simulator/mod.ts";
import {
  askForImage,
  askForInteraction,
  askForVideo,
  IMAGE_MODEL,
  send,
  VEO_MODEL,
} from "./client.ts";

Deno.test("a request without a key is forbidden, one with a wrong key a bad request", async () => {
  await using simulator = await startSimulator();
  const path = `/models/${IMAGE_MODEL}:generateContent`;
  const body = { contents: [{ parts: [{ text: "A mill" }] }] };
  const missing = await send(simulator, "POST", path, body, {});
  assert.equal(missing.status, 403);
  assert.equal(missing.json.error.status, "PERMISSION_DENIED");
  const wrong = await send(simulator, "POST", path, body, { "x-goog-api-key": "wrong" });
  assert.equal(wrong.status, 400);
  assert.equal(wrong.json.error.details[0].reason, "API_KEY_INVALID");
  assert.deepEqual(simulator.requests.map((request) => request.key), ["none", "wrong"]);
  assert.equal(simulator.accepted("image"), 0);
});

Deno.test("an unknown model is not found, whatever the protocol", async () => {
  await using simulator = await startSimulator();
  for (const method of ["generateContent", "predictLongRunning"]) {
    const { status, json } = await send(simulator, "POST", `/models/toString:${method}`, {});
    assert.equal(status, 404);
    assert.equal(json.error.code, 404);
    assert.equal(json.error.status, "NOT_FOUND");
  }
});

Deno.test("a rule answers as often as it says, then the simulator is itself again", async () => {
  await using simulator = await startSimulator();
  simulator.script({ match: { kind: "image" }, times: 2, preset: "quota", retryDelay: "1.5s" });
  for (let attempt = 0; attempt < 2; attempt++) {
    const { status, json } = await askForImage(simulator, "A mill");
    assert.equal(status, 429);
    assert.equal(json.error.details.at(-1).retryDelay, "1.5s");
    assert.match(json.error.details[0].violations[0].quotaId, /PerMinute/);
  }
  assert.equal((await askForImage(simulator, "A mill")).status, 200);
  assert.equal(simulator.accepted("image"), 1);
});

Deno.test("rules match by method, path, model and prompt", async () => {
  await using simulator = await startSimulator();
  simulator.script({ match: { model: VEO_MODEL }, preset: "retired", times: "always" });
  simulator.script({ match: { prompt: /storm/ }, preset: "internal" });
  simulator.script({ match: { path: "/interactions", method: "post" }, status: 418, body: "tea" });
  assert.equal((await askForImage(simulator, "A mill")).status, 200);
  assert.equal((await askForImage(simulator, "A storm")).status, 500);
  const retired = await askForVideo(simulator, "A mill");
  assert.equal(retired.status, 404);
  assert.match(retired.json.error.message, /is no longer available/);
  await assert.rejects(askForInteraction(simulator, "A mill"), SyntaxError);
  assert.equal(simulator.requests.at(-1)?.status, 418);
});

Deno.test("images can be blocked, withheld or talked about", async () => {
  await using simulator = await startSimulator();
  const ask = async (preset: "prompt-blocked" | "safety" | "no-image" | "text-only") => {
    simulator.script({ preset });
    return (await askForImage(simulator, "A mill")).json;
  };
  assert.equal((await ask("prompt-blocked")).promptFeedback.blockReason, "PROHIBITED_CONTENT");
  const safety = await ask("safety");
  assert.equal(safety.candidates[0].finishReason, "IMAGE_SAFETY");
  assert.equal(safety.candidates[0].content, undefined);
  assert.equal((await ask("no-image")).candidates[0].finishReason, "NO_IMAGE");
  const { content } = (await ask("text-only")).candidates[0];
  assert.deepEqual(content.parts.map((part: object) => Object.keys(part)), [["text"]]);
});

Deno.test("a video's fate can be scripted at submission or at a poll", async () => {
  await using simulator = await startSimulator();
  const submit = async () => (await askForVideo(simulator, "A mill")).json.name;
  const poll = async (name: string) => (await send(simulator, "GET", `/${name}`)).json;

  simulator.script({ match: { kind: "video" }, preset: "rai-audio" });
  const filtered = (await poll(await submit())).response.generateVideoResponse;
  assert.equal(filtered.raiMediaFilteredCount, 1);
  assert.match(filtered.raiMediaFilteredReasons[0], /audio/);
  assert.equal(filtered.generatedSamples, undefined);

  const name = await submit();
  simulator.script({ match: { kind: "poll" }, preset: "pending" });
  assert.deepEqual(await poll(name), { name });
  simulator.script({ match: { kind: "poll" }, preset: "operation-error" });
  assert.equal((await poll(name)).error.code, 13);
  assert.equal((await poll(name)).error.code, 13);

  simulator.script({ match: { kind: "video" }, preset: "done-empty" });
  const nothing = await submit();
  assert.deepEqual(await poll(nothing), { name: nothing, done: true });
});

Deno.test("replies can be HTML, empty or cut off", async () => {
  await using simulator = await startSimulator();
  const ask = async (preset: "html" | "empty" | "truncated") => {
    simulator.script({ preset });
    const response = await fetch(`${simulator.url}/models/${IMAGE_MODEL}:generateContent`, {
      method: "POST",
      headers: { "x-goog-api-key": simulator.apiKey },
      body: JSON.stringify({ contents: [{ parts: [{ text: "A mill" }] }] }),
    });
    return { status: response.status, text: await response.text() };
  };
  const html = await ask("html");
  assert.equal(html.status, 502);
  assert.match(html.text, /^<!DOCTYPE html>/);
  assert.deepEqual(await ask("empty"), { status: 200, text: "" });
  assert.equal(simulator.accepted("image"), 0);
  const truncated = await ask("truncated");
  assert.equal(truncated.status, 200);
  assert.throws(() => JSON.parse(truncated.text), SyntaxError);
  assert.equal(simulator.accepted("image"), 1);
});

Deno.test("a connection can be closed before the work is taken on, or after", async () => {
  await using simulator = await startSimulator();
  for (const [preset, accepted] of [["drop", 0], ["drop-after", 1]] as const) {
    simulator.script({ preset });
    // A body that cannot be sent twice: Deno 2.9 repeats other requests by itself when a kept
    // connection is closed on it.
    const body = new Blob([JSON.stringify({ instances: [{ prompt: "A mill" }] })]).stream();
    await assert.rejects(
      fetch(`${simulator.url}/models/${VEO_MODEL}:predictLongRunning`, {
        method: "POST",
        headers: { "x-goog-api-key": simulator.apiKey },
        body,
      }),
      TypeError,
    );
    assert.equal(simulator.requests.at(-1)?.status, 0);
    assert.equal(simulator.accepted("video"), accepted);
  }
});

Deno.test("recorded requests hold no key and no heap of base64", async () => {
  await using simulator = await startSimulator();
  const data = btoa("x".repeat(3000));
  await send(simulator, "POST", `/models/${IMAGE_MODEL}:generateContent`, {
    contents: [{ parts: [{ text: "A mill" }, { inlineData: { mimeType: "image/png", data } }] }],
  });
  const [request] = simulator.requests;
  const text = JSON.stringify(request);
  assert.ok(!text.includes(simulator.apiKey));
  assert.match(text, /base64:3000 bytes, sha256 [0-9a-f]{16}/);
  assert.equal(request.kind, "image");
  assert.equal(request.model, IMAGE_MODEL);
  assert.equal(request.prompt, "A mill");
});

Deno.test("another process scripts, reads and resets over HTTP", async () => {
  await using simulator = await startSimulator();
  const control = async (method: string, name: string, body?: unknown) => {
    const response = await fetch(new URL(`/_control/${name}`, simulator.url), {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status: response.status, json: await response.json() };
  };
  const rule = { match: { path: { regex: "generate[A-Z]" } }, preset: "unavailable", times: 1 };
  assert.equal((await control("POST", "script", rule)).status, 200);
  assert.equal((await askForImage(simulator, "A mill")).status, 503);
  assert.equal((await control("GET", "requests")).json.length, 1);
  assert.equal((await control("POST", "script", { preset: "nonsense" })).status, 400);
  await control("POST", "script", { preset: "internal", times: "always" });
  await control("POST", "reset");
  assert.deepEqual((await control("GET", "requests")).json, []);
  assert.equal((await askForImage(simulator, "A mill")).status, 200);
});

Deno.test("whoever decides on faults is asked about requests that no rule is for", async () => {
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

Deno.test("somebody else may paint", async () => {
  await using simulator = await startSimulator({
    painter: {
      picture: ({ prompt }) => Promise.resolve(new TextEncoder().encode(`picture: ${prompt}`)),
      film: ({ prompt }) => Promise.resolve(new TextEncoder().encode(`film: ${prompt}`)),
    },
  });
  const { json } = await askForImage(simulator, "A mill");
  assert.equal(atob(json.candidates[0].content.parts[1].inlineData.data), "picture: A mill");
});
