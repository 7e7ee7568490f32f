import { deepEqual, equal, ok } from "node:assert/strict";
import { type Simulator, startSimulator } from "../../local/simulator/mod.ts";
import { readConfiguration } from "../../supabase/functions/_shared/environment.ts";
import { askProvider } from "../../supabase/functions/_shared/provider_check.ts";
import { endless } from "../support/endless.ts";
import { environmentOf, hostedValues, judge, newKeys, testFunction } from "./support.ts";

const keys = newKeys();
const MODELS = "gemini-2.5-flash-image,gemini-3.1-flash-image";

function valuesFor(url: string, change: Record<string, string> = {}) {
  return {
    ...hostedValues(keys),
    GOOGLE_GENERATIVE_AI_BASE_URL: url,
    IMAGE_MODELS: MODELS,
    ...change,
  };
}

function check(key?: string): Request {
  return new Request("http://functions.test/process-image-generation?check=provider", {
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
  });
}

async function states(values: Record<string, string>): Promise<[string, number | undefined][]> {
  const { handler, runs } = testFunction(values);
  const response = await handler(check(keys.secret));
  equal(response.status, 200);
  const text = await response.text();
  ok(!text.includes(keys.google) && !text.includes(keys.secret), text);
  equal(runs.length, 0);
  const { name, provider } = JSON.parse(text);
  equal(name, "process-image-generation");
  return provider.models.map(({ state, httpStatus }: { state: string; httpStatus?: number }) => [
    state,
    httpStatus,
  ]);
}

Deno.test("image models that take requests are usable, and nothing is generated", async () => {
  await using simulator = await startSimulator({ apiKey: keys.google });
  deepEqual(await states(valuesFor(simulator.url)), [["usable", 400], ["usable", 400]]);
  deepEqual(simulator.requests.map(({ method, path, key }) => `${method} ${path} ${key}`).sort(), [
    "GET /v1beta/models/gemini-2.5-flash-image header",
    "GET /v1beta/models/gemini-3.1-flash-image header",
    "POST /v1beta/models/gemini-2.5-flash-image:generateContent header",
    "POST /v1beta/models/gemini-3.1-flash-image:generateContent header",
  ]);
  equal(simulator.accepted("image"), 0);
});

Deno.test("a video model is listed, and nothing else is asked of it", async () => {
  await using simulator = await startSimulator({ apiKey: keys.google });
  const models = await videoStates(simulator, { VIDEO_MODELS: "gemini-omni-1.1-flash" });
  deepEqual(models, [["listed", 200]]);
  deepEqual(simulator.requests.map(({ method }) => method), ["GET"]);
  const { handler } = testFunction(valuesFor(simulator.url));
  const request = check(keys.secret);
  request.headers.set("accept", "text/plain");
  simulator.script({ match: { method: "POST" }, times: 2, preset: "unavailable" });
  equal(
    await (await handler(request)).text(),
    MODELS.split(",").map((model) => `${model}: listed\n`).join(""),
  );
});

/** What is found out about a model of Vertex AI, for which there is a sign-in. */
async function videoStates(simulator: Simulator, change: Record<string, string> = {}) {
  const { configuration } = readConfiguration(
    environmentOf(valuesFor(simulator.url, {
      ...simulator.vertexVariables(),
      VIDEO_MODELS: "vertex/veo-3.1-fast-generate-001",
      ...change,
    })),
    "video",
  );
  const models = await askProvider(configuration!, { kind: "video", judge });
  return models.map(({ state, httpStatus }) => [state, httpStatus]);
}

Deno.test("a model of Vertex AI is signed in for, and nothing is generated", async () => {
  await using simulator = await startSimulator();
  deepEqual(await videoStates(simulator), [["signed_in", 404]]);
  simulator.script({ match: { kind: "poll" }, status: 400, body: { error: { code: 400 } } });
  deepEqual(await videoStates(simulator), [["signed_in", 400]]);
  ok(simulator.requests.every(({ kind }) => kind === "token" || kind === "poll"));
  equal(simulator.accepted("video"), 0);
  const image = { IMAGE_MODELS: "vertex/gemini-2.5-flash-image" };
  const values = valuesFor(simulator.url, { ...simulator.vertexVariables(), ...image });
  deepEqual(await states(values), [["usable", 400]]);
  equal(simulator.accepted("image"), 0);
});

Deno.test("Vertex AI refuses an account, or a project", async () => {
  await using simulator = await startSimulator();
  deepEqual(await videoStates(simulator, { GOOGLE_VERTEX_PROJECT: "another-project" }), [
    ["account_refused", 403],
  ]);
  const GOOGLE_CLIENT_EMAIL = "another@another-project.iam.gserviceaccount.com";
  deepEqual(await videoStates(simulator, { GOOGLE_CLIENT_EMAIL }), [["key_refused", 401]]);
  const other = { ...simulator.vertexVariables(), GOOGLE_TOKEN_URL: `${simulator.url}/elsewhere` };
  deepEqual(await videoStates(simulator, other), [["unreachable", undefined]]);
  const dead = { ...other, GOOGLE_TOKEN_URL: "http://127.0.0.1:9/token" };
  deepEqual(await videoStates(simulator, dead), [["unreachable", undefined]]);
});

Deno.test("a model that is gone is distinguished from one that exists", async () => {
  await using simulator = await startSimulator({ apiKey: keys.google });
  simulator.script({ match: { model: "gemini-2.5-flash-image" }, preset: "retired" });
  deepEqual(await states(valuesFor(simulator.url)), [["gone", 404], ["usable", 400]]);
  deepEqual(await states(valuesFor(simulator.url, { IMAGE_MODELS: "no-such" })), [["gone", 404]]);
});

Deno.test("a model that is listed and closed to the key is gone", async () => {
  await using simulator = await startSimulator({ apiKey: keys.google });
  simulator.script({
    match: { method: "POST", model: "gemini-2.5-flash-image" },
    preset: "retired",
  });
  deepEqual(await states(valuesFor(simulator.url)), [["gone", 404], ["usable", 400]]);
});

Deno.test("an account that is refused is distinguished from a bad request", async () => {
  await using simulator = await startSimulator({ apiKey: keys.google });
  const message = "User location is not supported for the API use.";
  const refusal = { error: { code: 400, message, status: "FAILED_PRECONDITION" } };
  const [first, second] = MODELS.split(",");
  simulator.script({ match: { method: "GET", model: first }, status: 400, body: refusal });
  simulator.script({ match: { method: "POST", model: second }, status: 400, body: refusal });
  deepEqual(await states(valuesFor(simulator.url)), [
    ["account_refused", 400],
    ["account_refused", 400],
  ]);
});

Deno.test("a wrong key is distinguished from a bad request", async () => {
  await using simulator = await startSimulator();
  deepEqual(await states(valuesFor(simulator.url)), [["key_refused", 400], ["key_refused", 400]]);
  const [first, second] = MODELS.split(",").map((model) => ({ match: { model } }));
  simulator.script({ ...first, status: 400, body: { error: { code: 400, message: "bad" } } });
  const message = "Your API key was reported as leaked. Please use another API key.";
  simulator.script({ ...second, status: 403, body: { error: { code: 403, message } } });
  deepEqual(await states(valuesFor(simulator.url)), [["unclear", 400], ["key_refused", 403]]);
});

Deno.test("an answer means what it would mean to a job", async () => {
  await using simulator = await startSimulator({ apiKey: keys.google });
  const [model] = MODELS.split(",");
  const depleted = "Your prepayment credits are depleted. Please top them up.";
  const suspended = "Permission denied: Consumer 'projects/7' has been suspended.";
  const expired = "API key expired. Please renew the API key.";
  const cases: [
    status: number,
    message: string,
    body: Record<string, unknown>,
    state: string,
    code: string,
  ][] = [
    [429, depleted, { status: "RESOURCE_EXHAUSTED" }, "account_refused", "billing_refused"],
    [403, suspended, { status: "PERMISSION_DENIED" }, "account_refused", "account_refused"],
    [400, expired, { status: "INVALID_ARGUMENT" }, "key_refused", "api_key_invalid"],
  ];
  for (const method of ["GET", "POST"]) {
    for (const [status, message, more, state, code] of cases) {
      const error = { code: status, message, ...more };
      simulator.script({ match: { method, model }, status, body: { error } });
      const { handler } = testFunction(valuesFor(simulator.url, { IMAGE_MODELS: model }));
      const { provider } = await (await handler(check(keys.secret))).json();
      const [{ detail, ...told }] = provider.models;
      deepEqual(told, { model, state, code, httpStatus: status });
      ok(detail.startsWith(message), detail);
    }
  }
});

Deno.test("a page with a success is no description of a model", async () => {
  await using simulator = await startSimulator({ apiKey: keys.google });
  simulator.script({ status: 200, body: "<html>Sign in to the guest network</html>", times: 2 });
  deepEqual(await states(valuesFor(simulator.url)), [["unclear", 200], ["unclear", 200]]);
});

Deno.test("quota, errors and timeouts have states of their own", async () => {
  await using simulator = await startSimulator({ apiKey: keys.google });
  simulator.script({ match: { model: "gemini-2.5-flash-image" }, preset: "quota" });
  simulator.script({ match: { model: "gemini-3.1-flash-image" }, preset: "unavailable" });
  deepEqual(await states(valuesFor(simulator.url)), [
    ["quota_exhausted", 429],
    ["unreachable", 503],
  ]);
  // More than once, since Deno repeats the request itself.
  simulator.script({ match: { model: "gemini-2.5-flash-image" }, preset: "drop", times: "always" });
  simulator.script({ match: { model: "gemini-3.1-flash-image" }, preset: "html" });
  deepEqual(await states(valuesFor(simulator.url)), [
    ["unreachable", undefined],
    ["unreachable", 502],
  ]);
});

Deno.test("an address other than the provider's says nothing about the models", async () => {
  await using simulator = await startSimulator({ apiKey: keys.google });
  for (const status of [302, 404]) {
    simulator.script({ status, body: "no such page", times: 2 });
    deepEqual(await states(valuesFor(simulator.url)), [["unclear", status], ["unclear", status]]);
  }
});

Deno.test("a provider that does not answer times out", async () => {
  const { configuration } = readConfiguration(
    environmentOf(valuesFor("http://provider.test", { IMAGE_MODELS: "a" })),
    "image",
  );
  const [model] = await askProvider(configuration!, {
    kind: "image",
    judge,
    timeout: 1,
    send: (_url, { signal }) =>
      new Promise((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason))),
  });
  equal(model.state, "unreachable");
});

Deno.test("an answer without an end is not waited for", async () => {
  const { configuration } = readConfiguration(
    environmentOf(valuesFor("http://provider.test", { IMAGE_MODELS: "a" })),
    "image",
  );
  const [model] = await askProvider(configuration!, {
    kind: "image",
    judge,
    send: () => Promise.resolve(new Response(endless().body)),
  });
  deepEqual(model, {
    model: "a",
    state: "unreachable",
    detail: "the body has more than 64 KB",
  });
});

Deno.test("a long answer is cut without showing half of a key", async () => {
  await using simulator = await startSimulator({ apiKey: keys.google });
  for (let shown = 8; shown < keys.google.length; shown += 5) {
    const message = `${" ".repeat(500 - shown)}${keys.google}`;
    simulator.script({ times: 2, status: 403, body: { error: { code: 403, message } } });
    const { handler } = testFunction(valuesFor(simulator.url));
    const answer = await (await handler(check(keys.secret))).text();
    ok(!answer.includes(keys.google.slice(0, 8)), answer);
  }
});

Deno.test("a caller that may not start a run may not check the provider", async () => {
  await using simulator = await startSimulator({ apiKey: keys.google });
  for (const key of [undefined, keys.publishable, keys.anon, keys.worker]) {
    const { handler } = testFunction(valuesFor(simulator.url));
    const response = await handler(check(key));
    equal(response.status, 401);
    await response.body?.cancel();
  }
  equal(simulator.requests.length, 0);
});

Deno.test("without Google's key the answer is 503", async () => {
  const { handler } = testFunction({ ...hostedValues(keys), GOOGLE_GENERATIVE_AI_API_KEY: "" });
  const response = await handler(check(keys.secret));
  equal(response.status, 503);
  equal((await response.json()).errors[0].variable, "GOOGLE_GENERATIVE_AI_API_KEY");
});

Deno.test("any other GET returns the health, without a key", async () => {
  const { handler } = testFunction(hostedValues(keys));
  for (const query of ["", "?check=", "?check=else", "?provider"]) {
    const response = await handler(new Request(`http://functions.test/x${query}`));
    equal((await response.json()).status, "ok", query);
  }
});
