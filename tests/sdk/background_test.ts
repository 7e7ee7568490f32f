import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { imageSize } from "image-size";
import { startSimulator } from "../../local/simulator/mod.ts";
import { type ImageInput, omniClient, startImage } from "./official_requests.ts";
import { picture } from "./samples.ts";

const LION: ImageInput = {
  model: "gemini-3.1-flash-image",
  prompt: "A lion",
  aspectRatio: "16:9",
  imageSize: "4K",
};

Deno.test("@google/genai begins an image in the background and polls it", async () => {
  await using simulator = await startSimulator();
  const { interactions } = omniClient(simulator);
  const { id, status } = await startImage(simulator, { ...LION, sources: [await picture()] });
  assert.equal(status, "in_progress");
  simulator.script({ match: { kind: "poll" }, preset: "pending" });
  assert.equal((await interactions.get(id)).status, "in_progress");
  const finished = await interactions.get(id);
  assert.equal(finished.status, "completed");
  const { data, mime_type } = finished.output_image!;
  assert.equal(mime_type, "image/png");
  const { width, height } = imageSize(Buffer.from(data!, "base64"));
  assert.deepEqual([width, height], [1376 * 4, 768 * 4]);
  assert.equal(simulator.accepted("image"), 1);
});

Deno.test("@google/genai cancels an image, and is refused where there is none in the background", async () => {
  await using simulator = await startSimulator({ imageDelayMs: 3_600_000 });
  const { id } = await startImage(simulator, LION);
  assert.equal((await omniClient(simulator).interactions.cancel(id)).status, "cancelled");
  const refused = { status: 400 };
  const lite = { ...LION, model: "gemini-3.1-flash-lite-image", imageSize: "1K" };
  await assert.rejects(startImage(simulator, lite), refused);
  await assert.rejects(startImage(simulator, { ...LION, imageSize: "8K" }), refused);
  await assert.rejects(startImage(simulator, { ...LION, aspectRatio: "5:1" }), refused);
  assert.equal(simulator.accepted("image"), 1);
});
