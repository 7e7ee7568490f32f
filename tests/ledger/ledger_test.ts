/**
 * The simulation trusts `tests/support/ledger/` to be what `supabase/migrations/` is. Here both
 * are called in the same way and have to answer the same and hold the same, after every call.
 */

import assert from "node:assert/strict";
import { Database } from "./database.ts";
import { differences } from "./difference.ts";
import { type Sequence, sequences } from "./sequences.ts";

/** The first difference with all that led to it, or undefined. */
async function firstDifference(
  database: Database,
  { seed, steps }: Sequence,
): Promise<string | undefined> {
  await database.empty();
  const history: string[] = [];
  for (const step of steps) {
    const answer = await database.play(step);
    const told = `${step.does} ${JSON.stringify(step.with)} -> ${JSON.stringify(step.answer)}`;
    history.push(`${String(history.length + 1).padStart(4)}  ${told}`);
    const found = [
      ...differences(step.answer, answer, "answer"),
      ...differences(step.state, await database.state(), "state"),
    ];
    if (found.length === 0) continue;
    return [
      `seed ${seed}, call ${history.length}:`,
      ...found,
      "The calls, and what the model answers:",
      ...history,
      `To see it again: LEDGER_FROM=${seed} LEDGER_SEQUENCES=1 deno test -A tests/ledger`,
    ].join("\n");
  }
}

Deno.test("the simulation's ledger answers and holds what the SQL does", async () => {
  await using database = await Database.open();
  let calls = 0;
  const seeds: number[] = [];
  for await (const sequence of sequences()) {
    const difference = await firstDifference(database, sequence);
    assert.ok(!difference, difference);
    calls += sequence.steps.length;
    seeds.push(sequence.seed);
  }
  assert.ok(seeds.length > 0, "no sequence was played");
  console.log(`seeds ${seeds[0]} to ${seeds.at(-1)}: ${calls} calls`);
});
