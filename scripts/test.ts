/**
 * `deno task test`: everything there is to test, in the order in which a fault is cheapest to
 * find. Each step says what it does and how long it took; the first that fails ends the run,
 * unless `--keep-going` is given. Words that are no flag choose steps by name.
 */
const RUST_HELP =
  "Rust is missing: install it with rustup (https://rustup.rs), then run this again.";

interface Step {
  name: string;
  what: string;
  command: string[];
}

const deno = Deno.execPath();

/** Folders of `deno test` files, each a step of its own so that its name stands in the summary. */
const SUITES = [
  ["docs", "where the pages lead"],
  ["functions", "the functions' HTTP face, without a core"],
  ["simulator", "the provider simulator"],
  ["sdk", "the simulator and our requests against the official clients"],
  ["database", "the SQL: pgTAP, several sessions, pg_cron; on PGlite and on PostgreSQL"],
  ["ledger", "the simulation's ledger against the real SQL"],
  ["stack", "the embedded stack"],
  ["wasm", "the real core with adapters of the tests' own"],
  ["limits", "what Supabase allows a function: memory, CPU time, and its end"],
  ["cli", "the command line tools"],
  ["end_to_end", "the real functions on the stack, under both versions of Deno and on PostgreSQL"],
  ["chaos", "processes that are killed and cut off, a database that is restarted"],
  ["deploy", "what the Supabase CLI applies and uploads"],
];

const STEPS: Step[] = [
  { name: "format", what: "deno fmt", command: [deno, "fmt", "--check", "--quiet"] },
  { name: "lint", what: "deno lint", command: [deno, "lint", "--quiet"] },
  { name: "types", what: "deno check", command: [deno, "check", "--quiet", "."] },
  {
    name: "rustfmt",
    what: "cargo fmt",
    command: ["cargo", "fmt", "--check", "--", "fuzz/src/lib.rs", "fuzz/tests/corpus.rs"],
  },
  {
    name: "clippy",
    what: "cargo clippy, warnings are errors",
    command: ["cargo", "clippy", "--locked", "--quiet", "--all-targets", "--", "-D", "warnings"],
  },
  { name: "rust", what: "cargo test", command: ["cargo", "test", "--locked", "--quiet"] },
  {
    name: "fuzz",
    what: "the inputs that fuzzing keeps, without libFuzzer",
    command: [
      ...["cargo", "test", "--locked", "--quiet", "--manifest-path", "fuzz/Cargo.toml"],
      ...["--target-dir", "target/fuzz", "--config", 'build.rustflags=["--cfg=fuzzing"]'],
    ],
  },
  { name: "pkg", what: "pkg/ matches src/", command: ["bash", "build.sh", "--check"] },
  ...SUITES.map(([name, what]) => ({
    name,
    what,
    command: [deno, "test", "--allow-all", "--quiet", `tests/${name}`],
  })),
];

async function run({ command: [program, ...args] }: Step): Promise<{ ok: boolean; text: string }> {
  const command = new Deno.Command(program, { args, stdout: "piped", stderr: "inherit" });
  let child;
  try {
    child = command.spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound && program === "cargo") {
      console.error(RUST_HELP);
      return { ok: false, text: "" };
    }
    throw error;
  }
  // The output is shown as it comes and read for its closing line.
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    await Deno.stdout.write(chunk);
    text += decoder.decode(chunk, { stream: true });
  }
  return { ok: (await child.status).success, text };
}

/** The numbers in the closing lines of `cargo test` and `deno test`. */
function count(text: string, word: "passed" | "failed"): number {
  // deno-lint-ignore no-control-regex -- colors in the output
  const plain = text.replaceAll(/\x1b\[[0-9;]*m/g, "");
  const closing = [...plain.matchAll(/^(?:test result: \w+\.|(?:ok|FAILED) \|) .*$/gm)].join("\n");
  const numbers = [...closing.matchAll(new RegExp(`(\\d+) ${word}`, "g"))];
  const steps = [...closing.matchAll(new RegExp(`\\d+ ${word} \\((\\d+) steps?\\)`, "g"))];
  return [...numbers, ...steps].reduce((sum, [, number]) => sum + Number(number), 0);
}

const keepGoing = Deno.args.includes("--keep-going");
const chosen = Deno.args.filter((arg) => !arg.startsWith("--"));
const unknown = [
  ...chosen.filter((name) => !STEPS.some((step) => step.name === name)),
  ...Deno.args.filter((arg) => arg.startsWith("--") && arg !== "--keep-going"),
];
if (unknown.length > 0) {
  console.error(
    `Not known: ${unknown.join(", ")}. Steps: ${STEPS.map(({ name }) => name).join(", ")}`,
  );
  Deno.exit(2);
}

const steps = STEPS.filter(({ name }) => chosen.length === 0 || chosen.includes(name));
const lines: string[] = [];
let passed = 0;
let failed = 0;
for (const step of steps) {
  console.log(`\n== ${step.name}: ${step.what}`);
  const start = performance.now();
  const { ok, text } = await run(step);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  // A step without tests of its own counts as one.
  passed += count(text, "passed") || (ok ? 1 : 0);
  failed += count(text, "failed") || (ok ? 0 : 1);
  lines.push(`${ok ? "ok    " : "FAILED"} ${step.name.padEnd(11)} ${seconds.padStart(6)} s`);
  if (!ok && !keepGoing) break;
}
console.log(`\n${lines.join("\n")}\n\ntests: ${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
