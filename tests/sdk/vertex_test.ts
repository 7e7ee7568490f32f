/** The simulator's Vertex AI, against the official client and Google's library for sign-in. */
import assert from "node:assert/strict";
import { startSimulator } from "../../local/simulator/mod.ts";
import { TokenSource } from "../../supabase/functions/_shared/vertex/access_token.ts";
import { readVertexSettings } from "../../supabase/functions/_shared/vertex/settings.ts";
import { newAccount, readStatement, variablesOf } from "../functions/service_account.ts";
import { bytesOf, describeFilm } from "../simulator/client.ts";
import {
  jwtClient,
  startOmni,
  startVeo,
  vertexClient,
  type VideoInput,
} from "./official_requests.ts";
import { OMNI_MODEL, picture, VERTEX_MODEL } from "./samples.ts";

const LION: VideoInput = {
  model: VERTEX_MODEL,
  prompt: "A lion walks",
  aspectRatio: "16:9",
  durationSeconds: 4,
  resolution: "720p",
};

Deno.test("@google/genai signs in, starts and polls a video of Vertex AI", async () => {
  await using simulator = await startSimulator();
  const { operations } = vertexClient(simulator);
  let operation = await startVeo(simulator, { ...LION, source: await picture() });
  const name = "projects/simulated-project/locations/us-central1/publishers/google/models/";
  assert.ok(operation.name!.startsWith(`${name}veo-3.1-fast-generate-001/operations/`));
  assert.equal(operation.done, undefined);

  simulator.script({ match: { kind: "poll" }, preset: "pending" });
  operation = await operations.getVideosOperation({ operation });
  assert.equal(operation.done, undefined);
  operation = await operations.getVideosOperation({ operation });
  assert.equal(operation.done, true);
  const { videoBytes } = operation.response!.generatedVideos![0].video!;
  assert.equal(describeFilm(bytesOf(videoBytes!)).seconds, 4);
  assert.equal(simulator.accepted("video"), 1);
});

Deno.test("@google/genai reads a filtered and a failed operation of Vertex AI", async () => {
  await using simulator = await startSimulator();
  const { operations } = vertexClient(simulator);
  const finish = async (preset: "rai-filtered" | "operation-error") => {
    simulator.script({ match: { kind: "video" }, preset });
    return await operations.getVideosOperation({ operation: await startVeo(simulator, LION) });
  };
  const { response } = await finish("rai-filtered");
  assert.equal(response?.raiMediaFilteredCount, 1);
  assert.match(response!.raiMediaFilteredReasons![0], /usage guidelines/);
  assert.equal((await finish("operation-error")).error?.code, 13);
});

Deno.test("@google/genai has Omni deliver inside of its reply at Vertex AI", async () => {
  await using simulator = await startSimulator();
  const { id } = await startOmni(simulator, { ...LION, model: `vertex/${OMNI_MODEL}` });
  const { interactions } = vertexClient(simulator, { location: "global", apiVersion: "v1beta1" });
  const { status, output_video } = await interactions.get(id);
  assert.equal(status, "completed");
  assert.equal(describeFilm(bytesOf(output_video!.data!)).seconds, 4);
});

Deno.test("@google/genai meets a token that was revoked, and a model that is not there", async () => {
  await using simulator = await startSimulator();
  const client = vertexClient(simulator);
  const ask = (model: string) => client.models.generateVideos({ model, prompt: "A lion walks" });
  await assert.rejects(ask("veo-0"), (error: { status?: number; message: string }) => {
    return error.status === 404 && error.message.includes("Publisher Model");
  });
  simulator.revokeTokens();
  await assert.rejects(ask("veo-3.1-fast-generate-001"), (error: { status?: number }) => {
    return error.status === 401;
  });
});

Deno.test("the functions ask for a token as google-auth-library does", async () => {
  const account = newAccount();
  const variables = variablesOf(account);
  const requests: Request[] = [];
  const answer = (request: Request) => {
    requests.push(request);
    return Promise.resolve(Response.json({ access_token: "a-token", expires_in: 3599 }));
  };
  const { credentials } = readVertexSettings((name) => variables[name])!;
  assert.ok("privateKey" in credentials);
  await new TokenSource(credentials).get((...its) => answer(new Request(...its)));
  await jwtClient(variables, (...its) => answer(new Request(...its))).getAccessToken();

  const [ours, theirs] = await Promise.all(requests.map(async (request) => {
    const { assertion, ...form } = Object.fromEntries(new URLSearchParams(await request.text()));
    const { header, claims: { iat, exp, ...claims } } = readStatement(assertion, account)!;
    const type = request.headers.get("content-type")?.split(";")[0];
    return {
      method: request.method,
      url: request.url,
      type,
      form,
      header,
      claims,
      life: exp - iat,
    };
  }));
  // It leaves out what RFC 7519 has as a default.
  assert.deepEqual(ours, { ...theirs, header: { typ: "JWT", ...theirs.header } });
});
