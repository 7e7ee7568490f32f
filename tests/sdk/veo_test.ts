import assert from "node:assert/strict";
import { startSimulator } from "../../local/simulator/mod.ts";
import { describeFilm } from "../simulator/client.ts";
import { imageAndVeoClient, startVeo, type VideoInput } from "./official_requests.ts";
import { picture, VEO_MODEL } from "./samples.ts";

const LION: VideoInput = {
  model: VEO_MODEL,
  prompt: "A lion walks",
  aspectRatio: "16:9",
  durationSeconds: 4,
  resolution: "720p",
};

Deno.test("@google/genai starts, polls and downloads a Veo video", async () => {
  await using simulator = await startSimulator();
  const client = imageAndVeoClient(simulator);
  let operation = await startVeo(simulator, LION);
  assert.equal(operation.done, undefined);

  simulator.script({ match: { kind: "poll" }, preset: "pending" });
  operation = await client.operations.getVideosOperation({ operation });
  assert.equal(operation.done, undefined);
  operation = await client.operations.getVideosOperation({ operation });
  assert.equal(operation.done, true);

  const { uri } = operation.response!.generatedVideos![0].video!;
  assert.equal(new URL(uri!).origin, new URL(simulator.url).origin);
  const folder = await Deno.makeTempDir();
  try {
    const downloadPath = `${folder}/lion.mp4`;
    // The library finds the file's id in https addresses only.
    const file = { video: { uri: uri!.replace("http:", "https:"), mimeType: "video/mp4" } };
    await client.files.download({ file, downloadPath });
    const film = describeFilm(await Deno.readFile(downloadPath));
    assert.equal(film.type, "ftyp");
    assert.equal(film.seconds, 4);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  assert.equal(simulator.accepted("video"), 1);
});

Deno.test("@google/genai animates a picture upright", async () => {
  await using simulator = await startSimulator();
  const source = await picture();
  const operation = await startVeo(simulator, { ...LION, aspectRatio: "9:16", source });
  assert.match(operation.name!, new RegExp(`^models/${VEO_MODEL}/operations/`));
});

Deno.test("@google/genai reads a filtered and a failed operation", async () => {
  await using simulator = await startSimulator();
  const finish = async (preset: "rai-filtered" | "operation-error") => {
    simulator.script({ match: { kind: "video" }, preset });
    const operation = await startVeo(simulator, LION);
    return imageAndVeoClient(simulator).operations.getVideosOperation({ operation });
  };
  const filtered = await finish("rai-filtered");
  assert.equal(filtered.response?.raiMediaFilteredCount, 1);
  assert.equal(filtered.response?.generatedVideos, undefined);
  assert.equal((await finish("operation-error")).error?.code, 13);
});

Deno.test("@google/genai is told that 9 seconds are out of bound", async () => {
  await using simulator = await startSimulator();
  await assert.rejects(startVeo(simulator, { ...LION, durationSeconds: 9 }), /out of bound/);
  assert.equal(simulator.accepted("video"), 0);
});
