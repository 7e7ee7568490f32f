/**
 * `deno task fuzz`: generates inputs for everything that reads foreign bytes,
 * guided by what they reach in the code, one target of `fuzz/` after the other. An input that is a
 * finding is kept in `.local/fuzz/findings/`, and how to play it again is said at the end.
 *
 * It takes a stable Rust and a C++ compiler, for libFuzzer. The instrumentation is LLVM's own, so no
 * sanitizer and no nightly compiler is needed: the crate has no unsafe code to look into.
 */
import { command, runCommand } from "../cli/command.ts";
import { UsageError } from "../cli/failure.ts";
import { number, otherwise } from "../cli/flag.ts";
import { readFuzzOutput } from "./fuzz_output.ts";
import { startRust } from "./rust.ts";

const ROOT = new URL("../", import.meta.url);
const MADE = ".local/fuzz";

/** What the compiler adds to the code for libFuzzer: which edges are run, what is compared. */
const FLAGS = [
  "--cfg=fuzzing",
  "-Cpasses=sancov-module",
  "-Cllvm-args=-sanitizer-coverage-level=4",
  "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
  "-Cllvm-args=-sanitizer-coverage-pc-table",
  "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/** What counts as a finding besides a panic: 10 s for an input, 1 GB in all, 256 MB at once. */
const LIMITS = [
  "-timeout=10",
  "-rss_limit_mb=1024",
  "-malloc_limit_mb=256",
  "-max_len=16384",
  "-len_control=30",
];

const TARGETS = [...Deno.readDirSync(new URL("fuzz/targets/", ROOT))]
  .map(({ name }) => name.replace(/\.rs$/, "")).sort();

/** The triple of this machine, as the compiler calls it. */
async function host(): Promise<string> {
  const { stdout } = await startRust("rustc", { args: ["-vV"], stdout: "piped" }).output();
  return new TextDecoder().decode(stdout).match(/^host: (.*)$/m)![1];
}

/** Builds all targets and gives their folder. */
async function build(): Promise<string> {
  // With a target named, the flags hold for what is run in the end and not for build scripts.
  const triple = await host();
  const place = ["--manifest-path", "fuzz/Cargo.toml", "--target-dir", "target/fuzz"];
  const { success } = await startRust("cargo", {
    args: [
      ...["build", "--locked", "--release", "--features", "libfuzzer", "--target", triple],
      ...place,
    ],
    cwd: ROOT,
    env: { CARGO_ENCODED_RUSTFLAGS: FLAGS.join("\x1f") },
  }).status;
  if (!success) {
    console.error("If a C++ compiler is missing, as root on Debian: apt-get install g++");
    Deno.exit(2);
  }
  return `target/fuzz/${triple}/release`;
}

interface Outcome {
  line: string;
  finding?: string;
}

async function fuzz(folder: string, target: string, seconds: number): Promise<Outcome> {
  const found = `${MADE}/corpus/${target}`;
  await Deno.mkdir(new URL(`${found}/`, ROOT), { recursive: true });
  const process = new Deno.Command(`${folder}/${target}`, {
    args: [
      ...[found, `fuzz/corpus/${target}`, "-dict=fuzz/dictionary.txt"],
      ...[`-artifact_prefix=${MADE}/findings/${target}-`, `-max_total_time=${seconds}`, ...LIMITS],
    ],
    cwd: ROOT,
    stderr: "piped",
  }).spawn();
  const { state, lines } = await readFuzzOutput(process.stderr);
  const text = lines.join("\n");
  const { success } = await process.status;
  const runs = text.match(/^Done (\d+) runs/m)?.[1] ?? state.match(/^#(\d+)/)?.[1] ?? "0";
  const [, cov = "?", ft = "?", inputs = "?"] = state.match(/cov: (\d+) ft: (\d+) corp: (\d+)/) ??
    [];
  const line = `${success ? "ok    " : "FOUND "} ${target.padEnd(16)} ${runs.padStart(9)} runs  ` +
    `cov ${cov}  ft ${ft}  inputs ${inputs}`;
  if (success) return { line };
  console.error(text);
  const finding = text.match(/Test unit written to (.*)$/m)?.[1] ?? "an input that was not kept";
  return { line, finding: `${finding}\n  again: ${folder}/${target} ${finding}` };
}

const FUZZ = command({
  name: "",
  summary: "generates inputs for all that reads foreign bytes",
  args: {
    usage: "[TARGET …]",
    read: (words) => {
      const unknown = words.filter((word) => !TARGETS.includes(word));
      if (unknown.length === 0) return words.length > 0 ? words : TARGETS;
      throw new UsageError(`no target ${unknown.join(", ")}: expected ${TARGETS.join(", ")}.`);
    },
  },
  flags: { seconds: otherwise(number({ least: 1, most: 1e7 }, "how long, for each target"), 60) },
  run: async (targets, { seconds }) => {
    const folder = await build();
    await Deno.mkdir(new URL(`${MADE}/findings/`, ROOT), { recursive: true });
    const outcomes: Outcome[] = [];
    for (const target of targets) {
      console.error(`${target}: ${seconds} s`);
      outcomes.push(await fuzz(folder, target, seconds));
    }
    const findings = outcomes.flatMap(({ finding }) => finding ?? []);
    console.log(outcomes.map(({ line }) => line).join("\n"));
    console.log(`\nfindings: ${findings.length}${findings.map((it) => `\n${it}`).join("")}`);
    return findings.length === 0 ? 0 : 1;
  },
});

Deno.exit(await runCommand({ run: "deno task fuzz", command: FUZZ, args: Deno.args }));
