/**
 * `deno task chaos`: the chaos run of `tests/chaos/` for as long as one likes. It ends with figures, and
 * with 1 if something was not as it must be.
 */
import { command, nothing, runCommand } from "../cli/command.ts";
import { number, otherwise, text } from "../cli/flag.ts";
import { play } from "../tests/chaos/chaos.ts";
import { printed } from "../tests/chaos/figures.ts";

const CHAOS = command({
  name: "",
  summary: "lets real processes meet whatever can go wrong",
  args: nothing,
  flags: {
    minutes: otherwise(number({ least: 0.1, most: 10_000, whole: false }, "how long"), 10),
    seed: text("SEED", "draws the same faults again (default: another one each time)"),
  },
  run: async (_, { minutes, seed = String(Date.now() % 1_000_000) }) => {
    console.log(`chaos for ${minutes} min, seed ${seed}`);
    const started = Date.now();
    const seconds = minutes * 60;
    const { violations, figures, logFolder } = await play({ seed, seconds, log: console.log });
    console.log(`${printed(figures)}\nafter ${Math.round((Date.now() - started) / 1000)} s`);
    if (violations.length === 0) {
      console.log("all is as it must be");
      return 0;
    }
    console.error(
      `\n${violations.join("\n")}\n\nseed ${seed}; logs of the processes: ${logFolder}`,
    );
    return 1;
  },
});

Deno.exit(await runCommand({ run: "deno task chaos", command: CHAOS, args: Deno.args }));
