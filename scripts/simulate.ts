/**
 * `deno task simulate`: plays histories of the simulation in `tests/simulation/`, on every core, and
 * says how fast. A seed that goes wrong is printed with its history and with the command that plays it
 * again.
 */
import { command, nothing, runCommand } from "../cli/command.ts";
import { number, otherwise, yesOrNo } from "../cli/flag.ts";
import { startRust } from "./rust.ts";

const SIMULATE = command({
  name: "",
  summary: "plays histories in which anything may go wrong",
  args: nothing,
  flags: {
    seeds: number({ least: 1, most: 1e12 }, "how many (default: 100000; against SQL 1000)"),
    from: otherwise(number({ least: 0, most: Number.MAX_SAFE_INTEGER }, "the first seed"), 0),
    "against-sql": yesOrNo("play sequences of calls against the real SQL instead (tests/ledger/)"),
  },
  run: async (_, { seeds, from, ...flags }) => {
    const process = flags["against-sql"]
      ? againstSql(seeds ?? 1000, from)
      : simulation(seeds, from);
    return (await process.status).code;
  },
});

function againstSql(seeds: number, from: number): Deno.ChildProcess {
  const env = { LEDGER_SEQUENCES: String(seeds), LEDGER_FROM: String(from) };
  const args = ["test", "--allow-all", "tests/ledger"];
  return new Deno.Command(Deno.execPath(), { args, env }).spawn();
}

function simulation(seeds = 100_000, from: number): Deno.ChildProcess {
  // Made for speed, where the profile of the release is made for size.
  const env = {
    SIMULATION_SEEDS: String(seeds),
    SIMULATION_FROM: String(from),
    CARGO_PROFILE_RELEASE_OPT_LEVEL: "3",
    CARGO_PROFILE_RELEASE_LTO: "false",
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
  };
  const test = ["test", "--locked", "--release", "--quiet", "--test", "simulation"];
  const filter = ["every_history_keeps_the_invariants", "--", "--nocapture"];
  return startRust("cargo", { args: [...test, ...filter], env });
}

Deno.exit(await runCommand({ run: "deno task simulate", command: SIMULATE, args: Deno.args }));
