/**
 * The instructions of the core's hot parts, compiled for this machine and counted by valgrind's
 * callgrind: the same to the last one every time, so a part that has become dearer is seen however
 * busy the machine is.
 */
import { ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { installed } from "../support/debian_packages.ts";
import { withinBudget } from "./budget.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TARGET = `${ROOT}target/core_benches`;
const PARTS = [
  "image_reply",
  "edit_request",
  "claim",
  "image_message",
  "video_message",
];
/** Counts of other processors are others. */
const ARCH = "x86_64";

interface Output {
  success: boolean;
  stdout: string;
  stderr: string;
}

async function run(program: string, ...args: string[]): Promise<Output> {
  const command = new Deno.Command(program, { args, cwd: ROOT });
  const { success, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { success, stdout: text(stdout), stderr: text(stderr) };
}

/** Whether a program is there. */
async function has(program: string): Promise<boolean> {
  return await run(program, "--version").then(({ success }) => success, () => false);
}

async function instructionsOf(part: string): Promise<number> {
  const { success, stderr } = await run(
    "valgrind",
    "--tool=callgrind",
    "--callgrind-out-file=/dev/null",
    "--toggle-collect=counted",
    `${TARGET}/release/instructions`,
    part,
  );
  const counted = /Collected : (\d+)/.exec(stderr)?.[1];
  ok(success && counted, stderr);
  return Number(counted);
}

Deno.test("the hot parts of the core take no more instructions", async () => {
  if (Deno.build.arch !== ARCH || !await installed("valgrind", () => has("valgrind"))) {
    const missing = Deno.build.arch === ARCH ? "valgrind is missing here" : `this is no ${ARCH}`;
    console.log(`NOT COUNTED: ${missing}. As root on Debian: apt-get install valgrind`);
    return;
  }
  const manifest = ["--manifest-path", "benches/core/Cargo.toml", "--target-dir", TARGET];
  const options = ["--quiet", "--locked", "--release", "--bins"];
  const built = await run("cargo", "build", ...options, ...manifest);
  ok(built.success, built.stderr);
  const counts = await Promise.all(PARTS.map(instructionsOf));
  const figures = Object.fromEntries(PARTS.map((part, at) => [part, counts[at]]));
  await withinBudget("instructions", "instructions", figures);
});
