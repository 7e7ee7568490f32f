/**
 * `deno task bench`: all benchmarks, or those that are named, into the tables and plots of
 * `docs/performance.md`. With `--quick` fewer rounds, and the page stays as it is.
 */
import { command, runCommand } from "../cli/command.ts";
import { UsageError } from "../cli/failure.ts";
import { yesOrNo } from "../cli/flag.ts";
import { writeSection } from "./measure/page.ts";
import { markdown, type Part } from "./measure/result.ts";
import { core } from "./parts/core.ts";
import { claim, latency } from "./parts/scripts.ts";
import { day } from "./parts/day.ts";
import { database } from "./parts/database.ts";
import { images } from "./parts/images.ts";
import { memory } from "./parts/memory.ts";
import { scale } from "./parts/scale.ts";
import { scroll } from "./parts/scroll.ts";
import { small } from "./parts/small.ts";
import { start } from "./parts/start.ts";
import { videos } from "./parts/videos.ts";
import { workers } from "./parts/workers.ts";

const PARTS: Part[] = [
  ...[images, small, videos, start, memory, core, database, claim],
  ...[workers, day, latency, scroll, scale],
];
const ROUNDS = { quick: 1, full: 5 };

const BENCH = command({
  name: "",
  summary: "measures everything, or the parts that are named",
  args: {
    usage: "[PART …]",
    read: (words) => {
      const unknown = words.filter((word) => !PARTS.some(({ name }) => name === word));
      if (unknown.length > 0) {
        const names = PARTS.map(({ name }) => name).join(", ");
        throw new UsageError(`no part ${unknown.join(", ")}: expected ${names}.`);
      }
      return PARTS.filter(({ name }) =>
        words.length === 0 ? name !== scale.name : words.includes(name)
      );
    },
  },
  flags: { quick: yesOrNo("measure one round, and leave docs/performance.md as it is") },
  notes: PARTS.map(({ name, what }) => `  ${name.padEnd(10)} ${what}`).join("\n"),
  run: async (parts, { quick: isQuick }) => {
    for (const part of parts) {
      console.error(`\n== ${part.name}: ${part.what}`);
      const result = await part.run({ rounds: isQuick ? ROUNDS.quick : ROUNDS.full, isQuick });
      console.log(result.tables.map(markdown).join("\n\n"));
      if (!isQuick) await writeSection(part.name, result);
    }
    return 0;
  },
});

Deno.exit(await runCommand({ run: "deno task bench", command: BENCH, args: Deno.args }));
