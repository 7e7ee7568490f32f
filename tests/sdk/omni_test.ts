import assert from "node:assert/strict";
import { startSimulator } from "../../local/simulator/mod.ts";
import { describeFilm } from "../simulator/client.ts";
import { omniClient, startOmni, type VideoInput } from "./official_requests.ts";
import { OMNI_MODEL, picture } from "./samples.ts";

const LION: VideoInput = {
  model: OMNI_MODEL,
  prompt: "A lion walks",
  aspectRatio: "9:16",
  durationSeconds: 4,
  resolution: "720p",
};

Deno.test("@google/genai starts, polls and downloads an Omni video", async () => {
  await using simulator = await startSimulator();
  const { interactions } = omniClient(simulator);
  const { id, status } = await startOmni(simulator, { ...LION, source: await picture() });
  assert.equal(status, "in_progress");

  simulator.script({ match: { kind: "poll" }, preset: "pending" });
  assert.equal((await interactions.get(id)).status, "in_progress");
  const finished = await interactions.get(id);
  assert.equal(finished.status, "completed");
  const { uri, mime_type } = finished.output_video!;
  assert.equal(mime_type, "video/mp4");
  const response = await fetch(uri!, { headers: { "x-goog-api-key": simulator.apiKey } });
  const film = describeFilm(new Uint8Array(await response.arrayBuffer()));
  assert.deepEqual([film.seconds, film.width, film.height], [4, 360, 640]);
  assert.equal(simulator.accepted("video"), 1);
});

Deno.test("@google/genai cancels an interaction", async () => {
  await using simulator = await startSimulator({ videoDelayMs: 3_600_000 });
  const { id } = await startOmni(simulator, LION);
  assert.equal((await omniClient(simulator).interactions.cancel(id)).status, "cancelled");
});

Deno.test("@google/genai meets an unknown id, a wrong key and a used up quota", async () => {
  await using simulator = await startSimulator();
  const get = (apiKey?: string) => omniClient(simulator, apiKey).interactions.get("v1_none");
  await assert.rejects(get(), { name: "BadRequestError", status: 400 });
  await assert.rejects(get("wrong"), /API key not valid/);
  simulator.script({ preset: "quota" });
  const once = { retries: { strategy: "none" as const } };
  const create = omniClient(simulator).interactions.create(
    { model: OMNI_MODEL, input: "A lion walks" },
    once,
  );
  await assert.rejects(create, { name: "RateLimitError", status: 429 });
  assert.equal(simulator.accepted("video"), 0);
});
