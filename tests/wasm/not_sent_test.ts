import { equal, fail } from "node:assert/strict";
import { processVideos } from "../../pkg/generation_queue.js";
import { options, queueWith, Service, untouched } from "./services.ts";

/** Has a video begun at a provider whose adapter throws; returns the database calls. */
async function submit(error: Error): Promise<string[]> {
  const pgmq = queueWith({ storyboardId: "sb", prompt: "A pan" });
  const vertex = new Service("https://vertex.test", () => {
    throw error;
  });
  const [veo, storage] = [untouched("http://veo.test"), untouched("http://storage.test")];
  const adapters = { pgmq, veo, vertex, storage, source: untouched("") };
  await processVideos(adapters, options({ models: ["vertex/veo-3.1-fast-generate-001"] }));
  equal(vertex.seen.length, 1);
  return pgmq.seen.map(({ url }) => url.pathname.split("/").at(-1)!);
}

Deno.test("an adapter that says that it sent nothing leaves no submission uncertain", async () => {
  const failed = "fail_generation_job";
  equal((await submit(new TypeError("connection reset"))).includes(failed), true);
  const notSent = Object.assign(new Error("no token"), { name: "NotSent" });
  equal((await submit(notSent)).includes(failed), false);
  // What `fetch` says of an address that it cannot read.
  const noUrl: Error = await fetch("http://[").then(() => fail(), (error) => error);
  equal((await submit(noUrl)).includes(failed), false);
});
