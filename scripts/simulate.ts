/**
 * `deno task simulate --seeds N [--from N]`: plays so many histories of the simulation in
 * `tests/simulation/`, on every core, and says how fast. A seed that goes wrong is printed with its
 * history and with the command that plays it again. With `--against-sql` it plays sequences of
 * `tests/ledger/` instead, which hold the simulation's ledger to the real SQL.
 */
const USAGE = "Usage: deno task simulate [--against-sql] [--seeds N] [--from N]";

/** The number after a flag. */
function take(args: string[], flag: string, otherwise: number): number {
  const place = args.indexOf(flag);
  if (place < 0) return otherwise;
  const [, text = ""] = args.splice(place, 2);
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  console.error(`${flag}: expected a whole number, got "${text}"\n${USAGE}`);
  Deno.exit(2);
}

const againstSql = Deno.args.includes("--against-sql");
const args = Deno.args.filter((arg) => arg !== "--against-sql");
const seeds = take(args, "--seeds", againstSql ? 1_000 : 100_000);
const from = take(args, "--from", 0);
if (args.length > 0) {
  console.error(`Not known: ${args.join(" ")}\n${USAGE}`);
  Deno.exit(2);
}

function command(): Deno.Command {
  if (againstSql) {
    const env = { LEDGER_SEQUENCES: String(seeds), LEDGER_FROM: String(from) };
    return new Deno.Command("deno", { args: ["test", "--allow-all", "tests/ledger"], env });
  }
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
  return new Deno.Command("cargo", { args: [...test, ...filter], env });
}

Deno.exit((await command().spawn().status).code);
