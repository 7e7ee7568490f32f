/** The bytes of the WASM, and of what is deployed of each function. */
import { ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { withinBudget } from "./budget.ts";

const ROOT = new URL("../../", import.meta.url);
/** A bound that does not move, whatever was measured last. */
const MOST_WASM = 262_144;

Deno.test("the WASM is small enough", async () => {
  const { wasmBytes } = JSON.parse(await Deno.readTextFile(new URL("pkg/build.json", ROOT)));
  ok(wasmBytes <= MOST_WASM, `${wasmBytes} bytes of WASM, and the bound is ${MOST_WASM}`);
  await withinBudget("WASM", "bytes", { wasm: wasmBytes });
});

Deno.test("no more is deployed of the functions", async () => {
  const figures: Record<string, number> = {};
  for (const name of ["process-image-generation", "process-video-generation"]) {
    figures[name] = await deployedBytes(name);
  }
  await withinBudget("deployed", "bytes", figures);
});

/** All modules that a function imports, as they are uploaded. */
async function deployedBytes(name: string): Promise<number> {
  const entry = fileURLToPath(new URL(`supabase/functions/${name}/index.ts`, ROOT));
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--no-lock", entry],
  }).output();
  ok(success, new TextDecoder().decode(stderr));
  const { modules } = JSON.parse(new TextDecoder().decode(stdout));
  return modules
    .filter(({ specifier }: { specifier: string }) => /^file:.*(?<!\.d)\.[jt]s$/.test(specifier))
    .reduce((sum: number, { size }: { size: number }) => sum + size, 0);
}
