import assert from "node:assert/strict";
import { play } from "./chaos.ts";
import { printed } from "./figures.ts";

const seed = Deno.env.get("CHAOS_SEED") ?? String(Date.now() % 1_000_000);

Deno.test(`every job ends as it must, whatever fails (CHAOS_SEED=${seed})`, async () => {
  const { violations, figures, logFolder } = await play({ seed, seconds: 16 });
  console.log(printed(figures));
  assert.deepEqual(violations, [], `what the processes wrote is in ${logFolder}`);
});
