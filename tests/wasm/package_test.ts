import { deepEqual, equal, ok } from "node:assert/strict";
import { mismatches } from "../../scripts/toolchain/fingerprint.ts";
import { version } from "../../pkg/generation_queue.js";

const ROOT = new URL("../../", import.meta.url);

Deno.test("the package belongs to these sources", async () => {
  deepEqual(await mismatches(ROOT), []);
  const manifest = await Deno.readTextFile(new URL("Cargo.toml", ROOT));
  equal(version(), manifest.match(/^version = "(.*)"$/m)![1]);
});

Deno.test("the WASM is small enough", async () => {
  const record = JSON.parse(await Deno.readTextFile(new URL("pkg/build.json", ROOT)));
  ok(record.wasmBytes <= 262_144, `${record.wasmBytes} bytes`);
});

Deno.test("the package holds no path of the machine that built it", async () => {
  const module = await Deno.readTextFile(new URL("pkg/generation_queue.js", ROOT));
  const base64 = module.match(/atob\(\s*"([^"]+)"/)![1];
  for (const text of [module, atob(base64)]) {
    const paths = text.match(/\/(?:root|home|Users|work|tmp)\/[\w.-]+/g);
    equal(paths, null);
  }
});

Deno.test("the hosted runtime's version of Deno loads it and runs it", async () => {
  const module = new URL("pkg/generation_queue.js", ROOT).href;
  const program = `
    const core = await import(${JSON.stringify(module)});
    const job = core.validateImageJob({ storyboardId: "sb", prompt: "A hero" });
    const none = { url: "http://none.test", fetch: () => Promise.reject(new Error("none")) };
    const adapters = { pgmq: none, gemini: none, storage: none, source: none };
    const report = await core.processImages(adapters, {
      models: ["m"], concurrency: 1, budgetSeconds: 1, maxAttempts: 1,
    });
    console.log(JSON.stringify([Deno.version.deno, job.prompt, report.stopped]));
  `;
  const { stdout, stderr, success } = await new Deno.Command("npx", {
    args: ["--yes", "deno@2.1.4", "eval", "--no-config", "--no-lock", program],
    stdout: "piped",
    stderr: "piped",
  }).output();
  ok(success, new TextDecoder().decode(stderr));
  deepEqual(JSON.parse(new TextDecoder().decode(stdout)), ["2.1.4", "A hero", "unavailable"]);
});
