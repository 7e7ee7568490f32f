/**
 * `deno task test`: everything there is to test. Two steps run at a time: most of a step is waiting,
 * for a database or a process that starts. Cheap steps come first, then the longest, so that both
 * places are used until the end. What a step says is shown as a block when it is over, with how long
 * it took. A single step is shown as it goes.
 */
import { command, runCommand } from "../cli/command.ts";
import { UsageError } from "../cli/failure.ts";
import { yesOrNo } from "../cli/flag.ts";
import { RUST_HELP } from "./rust.ts";

interface Step {
  name: string;
  what: string;
  command: string[];
}

const deno = Deno.execPath();

/** Folders of `deno test` files, each a step of its own so that its name stands in the summary. */
const SUITES = [
  ["source", "who imports whom, and how long functions are"],
  ["docs", "links, examples and words of the pages"],
  ["functions", "the functions' HTTP face, without a core"],
  ["simulator", "the provider simulator"],
  ["sdk", "the simulator and our requests against the official clients"],
  ["end_to_end", "the real functions on the stack, and a smoke test under the hosted Deno"],
  ["database", "the SQL: pgTAP, several sessions, pg_cron; on PGlite and on PostgreSQL"],
  ["cli", "the command line tools"],
  ["stack", "the local stack"],
  ["console", "the console in a browser"],
  ["deploy", "what the Supabase CLI applies and uploads"],
  ["ledger", "the model of the ledger against the real SQL"],
  ["budgets", "bytes and instructions, which may not grow unnoticed"],
  ["wasm", "the real core with adapters of the tests' own"],
  ["limits", "what Supabase allows a function: memory, CPU time, and its end"],
  ["chaos", "processes that are killed and cut off, a database that is restarted"],
];

/** They measure time and memory, so nothing runs beside them. The files of others run side by side. */
const ALONE = ["limits", "chaos"];

/** How many files of a suite run at a time at most, as many start a database server of their own. */
const MOST_FILES = 4;

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
    command: [
      ...[deno, "test", "--allow-all", "--quiet", `tests/${name}`],
      ...(ALONE.includes(name) ? [] : ["--parallel"]),
    ],
  })),
];

/** Runs a step; what it writes is handed to `show` as it comes. */
async function run(step: Step, show: (chunk: Uint8Array) => void): Promise<boolean> {
  const [program, ...args] = step.command;
  const env = { DENO_JOBS: String(Math.min(navigator.hardwareConcurrency, MOST_FILES)) };
  const command = new Deno.Command(program, { args, env, stdout: "piped", stderr: "piped" });
  let child;
  try {
    child = command.spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound) || program !== "cargo") throw error;
    show(new TextEncoder().encode(RUST_HELP + "\n"));
    return false;
  }
  const shown = new WritableStream<Uint8Array>({ write: show });
  const other = new WritableStream<Uint8Array>({ write: show });
  await Promise.all([child.stdout.pipeTo(shown), child.stderr.pipeTo(other)]);
  return (await child.status).success;
}

/** The numbers in the closing lines of `cargo test` and `deno test`. */
function count(plain: string, word: "passed" | "failed"): number {
  const closing = [...plain.matchAll(/^(?:test result: \w+\.|(?:ok|FAILED) \|) .*$/gm)].join("\n");
  const numbers = [...closing.matchAll(new RegExp(`(\\d+) ${word}`, "g"))];
  const steps = [...closing.matchAll(new RegExp(`\\d+ ${word} \\((\\d+) steps?\\)`, "g"))];
  return [...numbers, ...steps].reduce((sum, [, number]) => sum + Number(number), 0);
}

/** The names of the tests that failed, as `deno test` and `cargo test` list them at their end. */
function failures(plain: string): string[] {
  const lists = [
    ...plain.matchAll(/^ FAILURES \n\n([^]*?)\n\n/gm),
    ...plain.matchAll(/^failures:\n((?: {4}\S+\n)+)/gm),
  ];
  return lists.flatMap(([, names]) => names.trimEnd().split("\n").map((name) => name.trim()));
}

const TEST = command({
  name: "",
  summary: "tests everything, or the steps that are named",
  args: {
    usage: "[STEP …]",
    read: (words) => {
      const names = STEPS.map(({ name }) => name);
      const unknown = words.filter((word) => !names.includes(word));
      if (unknown.length > 0) {
        throw new UsageError(`no step ${unknown.join(", ")}: expected ${names.join(", ")}.`);
      }
      return STEPS.filter(({ name }) => words.length === 0 || words.includes(name));
    },
  },
  flags: { "keep-going": yesOrNo("begin other steps after one that has failed") },
  run: (steps, flags) => test(steps, flags["keep-going"]),
});

const tally = { passed: 0, failed: 0, lines: new Map<Step, string[]>() };

async function test(steps: Step[], keepGoing: boolean): Promise<number> {
  /** Takes steps from a queue until it is empty or one has failed. */
  const drain = async (queue: Step[]) => {
    while (queue.length > 0 && (tally.failed === 0 || keepGoing)) {
      await report(queue.shift()!, steps.length === 1);
    }
  };
  const together = steps.filter(({ name }) => !ALONE.includes(name));
  await Promise.all([drain(together), drain(together)]);
  await drain(steps.filter(({ name }) => ALONE.includes(name)));
  const { passed, failed, lines } = tally;
  const summary = steps.flatMap((step) => lines.get(step) ?? []).join("\n");
  console.log(`\n${summary}\n\ntests: ${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function report(step: Step, isOnly: boolean): Promise<void> {
  const title = `\n== ${step.name}: ${step.what}`;
  const start = performance.now();
  const chunks: Uint8Array[] = [];
  if (isOnly) console.log(title);
  const ok = await run(step, (chunk) => {
    chunks.push(chunk);
    if (isOnly) Deno.stdout.writeSync(chunk);
  });
  const text = await new Blob(chunks as BlobPart[]).text();
  // deno-lint-ignore no-control-regex -- colors in the output
  const plain = text.replaceAll(/\x1b\[[0-9;]*m/g, "");
  if (!isOnly) console.log(`${title}\n${text.trimEnd()}`);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  // A step without tests of its own counts as one.
  tally.passed += count(plain, "passed") || (ok ? 1 : 0);
  tally.failed += count(plain, "failed") || (ok ? 0 : 1);
  const line = `${ok ? "ok    " : "FAILED"} ${step.name.padEnd(11)} ${seconds.padStart(6)} s`;
  tally.lines.set(step, [line, ...ok ? [] : failures(plain).map((name) => `         ${name}`)]);
}

Deno.exit(await runCommand({ run: "deno task test", command: TEST, args: Deno.args }));
