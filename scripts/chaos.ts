/**
 * `deno task chaos --minutes N [--seed S]`: the chaos run of `tests/chaos/` for as long as one likes.
 * It ends with figures, and with 1 if something was not as it must be.
 */
import { parseArgs } from "node:util";
import { play } from "../tests/chaos/chaos.ts";
import { printed } from "../tests/chaos/figures.ts";

const USAGE = "Usage: deno task chaos [--minutes N] [--seed S]";

function read(): { minutes: number; seed: string } {
  try {
    const { values } = parseArgs({
      args: Deno.args,
      options: { minutes: { type: "string", default: "10" }, seed: { type: "string" } },
    });
    const minutes = Number(values.minutes);
    if (!(minutes > 0)) throw new Error(`--minutes: expected a number, got "${values.minutes}"`);
    return { minutes, seed: values.seed ?? String(Date.now() % 1_000_000) };
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    Deno.exit(2);
  }
}

const { minutes, seed } = read();
console.log(`chaos for ${minutes} min, seed ${seed}`);
const started = Date.now();
const { violations, figures, logFolder } = await play({
  seed,
  seconds: minutes * 60,
  log: (line) => console.log(line),
});
console.log(`${printed(figures)}\nafter ${Math.round((Date.now() - started) / 1000)} s`);
if (violations.length > 0) {
  console.error(
    `\n${violations.join("\n")}\n\nseed ${seed}; what the processes wrote: ${logFolder}`,
  );
  Deno.exit(1);
}
console.log("all is as it must be");
