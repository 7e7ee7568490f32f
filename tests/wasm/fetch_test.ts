import { deepEqual } from "node:assert/strict";
import { processImages } from "../../pkg/generation_queue.js";
import { serve } from "../support/loopback.ts";
import { options, untouched } from "./services.ts";

Deno.test("fetch itself is an adapter, and what it receives is whole, announced or not", async () => {
  for (const length of [2, 16 * 1024, 16 * 1024 + 1, 256 * 1024, 900_000]) {
    // Blanks around it belong to a JSON text.
    const list = new TextEncoder().encode(`[${" ".repeat(length - 2)}]`);
    for (const body of [() => list, () => ReadableStream.from([list])]) {
      await using server = serve(() => new Response(body()));
      const pgmq = { url: server.url, fetch };
      const gemini = untouched("http://gemini.test/v1beta");
      const storage = untouched("http://storage.test/storage/v1");
      const others = { vertex: untouched(""), source: untouched("") };
      const { stopped, error } = await processImages(
        { pgmq, gemini, storage, ...others },
        options(),
      );
      deepEqual([stopped, error], ["empty", undefined], `${length} bytes`);
    }
  }
});
