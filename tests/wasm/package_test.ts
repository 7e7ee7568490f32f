import { deepEqual, equal } from "node:assert/strict";
import { mismatches } from "../../scripts/toolchain/fingerprint.ts";
import { version } from "../../pkg/generation_queue.js";

const ROOT = new URL("../../", import.meta.url);

Deno.test("the package belongs to these sources", async () => {
  deepEqual(await mismatches(ROOT), []);
  const manifest = await Deno.readTextFile(new URL("Cargo.toml", ROOT));
  equal(version(), manifest.match(/^version = "(.*)"$/m)![1]);
});

Deno.test("the package holds no path of the machine that built it", async () => {
  const module = await Deno.readTextFile(new URL("pkg/generation_queue.js", ROOT));
  const wasm = await core();
  const { wasmBytes } = JSON.parse(await Deno.readTextFile(new URL("pkg/build.json", ROOT)));
  equal(wasm.length, wasmBytes);
  for (const text of [module, wasm]) {
    const paths = text.match(/\/(?:root|home|Users|work|tmp)\/[\w.-]+/g);
    equal(paths, null);
  }
});

/** The bytes that the package compiles last, each as a character. */
async function core(): Promise<string> {
  let text = "";
  const { Module } = WebAssembly;
  WebAssembly.Module = class extends Module {
    constructor(bytes: BufferSource) {
      super(bytes);
      text = new TextDecoder("latin1").decode(bytes);
    }
  };
  // A query, so that it is loaded once more.
  await import("../../pkg/generation_queue.js?compiled");
  WebAssembly.Module = Module;
  return text;
}
