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
  const base64 = module.match(/const WASM =\s*"([^"]+)"/)![1];
  for (const text of [module, atob(base64)]) {
    const paths = text.match(/\/(?:root|home|Users|work|tmp)\/[\w.-]+/g);
    equal(paths, null);
  }
});
