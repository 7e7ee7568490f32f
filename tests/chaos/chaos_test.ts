import assert from "node:assert/strict";
import { play } from "./chaos.ts";
import { printed } from "./figures.ts";

Deno.test("whatever fails, every job ends in one way and is paid for once", async () => {
  const seed = Deno.env.get("CHAOS_SEED") ?? String(Date.now() % 1_000_000);
  console.log(`seed ${seed}`);
  const { violations, figures, logFolder } = await play({ seed, seconds: 16 });
  console.log(printed(figures));
  assert.deepEqual(violations, [], `seed ${seed}, logs in ${logFolder}`);
});
