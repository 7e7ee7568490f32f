/** Videos outlive a restart of the simulator. */
import { deepEqual, equal, match } from "node:assert/strict";
import { startSimulator } from "../../local/simulator/mod.ts";
import { send } from "./support.ts";

const VEO = "veo-3.1-fast-generate-preview";
const OMNI = "gemini-omni-1.1-flash";

async function withFile(use: (memoryFile: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "memory-" });
  await use(`${folder}/simulator.json`).finally(() => Deno.remove(folder, { recursive: true }));
}

/** Requests a video of both families and stops the simulator. */
async function askAndEnd(memoryFile: string): Promise<{ operation: string; interaction: string }> {
  await using simulator = await startSimulator({ memoryFile });
  const post = (path: string, body: unknown) =>
    send(simulator.url + path, {
      method: "POST",
      headers: { "x-goog-api-key": simulator.apiKey, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const veo = await post(`/models/${VEO}:predictLongRunning`, {
    instances: [{ prompt: "A lion" }],
    parameters: { durationSeconds: 4 },
  });
  const omni = await post("/interactions", {
    model: OMNI,
    background: true,
    input: [{ type: "text", text: "A lion" }],
    response_format: { type: "video", delivery: "uri", duration: "4s" },
  });
  return { operation: veo.body.name, interaction: omni.body.id };
}

Deno.test("a video outlives the simulator that received its request", () =>
  withFile(async (memoryFile) => {
    const { operation, interaction } = await askAndEnd(memoryFile);
    await using simulator = await startSimulator({ memoryFile });
    const headers = { "x-goog-api-key": simulator.apiKey };
    const veo = await send(`${simulator.url}/${operation}`, { headers });
    equal(veo.status, 200);
    const { uri } = veo.body.response.generateVideoResponse.generatedSamples[0].video;
    equal(new URL(uri).origin, new URL(simulator.url).origin);
    const film = await fetch(uri, { headers });
    match(new TextDecoder("latin1").decode(await film.arrayBuffer()), /^....ftyp/s);
    const omni = await send(`${simulator.url}/interactions/${interaction}`, { headers });
    deepEqual([omni.status, omni.body.status], [200, "completed"]);
  }));

Deno.test("a simulator with `forget` has no earlier videos", () =>
  withFile(async (memoryFile) => {
    const { operation } = await askAndEnd(memoryFile);
    await using simulator = await startSimulator({ memoryFile, forget: true });
    const headers = { "x-goog-api-key": simulator.apiKey };
    equal((await send(`${simulator.url}/${operation}`, { headers })).status, 404);
  }));

Deno.test("a damaged file counts as none", () =>
  withFile(async (memoryFile) => {
    await Deno.writeTextFile(memoryFile, "{");
    const { operation } = await askAndEnd(memoryFile);
    match(operation, /operations/);
  }));
