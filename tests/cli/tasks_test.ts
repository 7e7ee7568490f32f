/** The tasks that simulate and fuzz, without the hours that they may take. */
import { deepEqual, equal, match } from "node:assert/strict";
import { readFuzzOutput } from "../../scripts/fuzz_output.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("a task that needs Rust says so where it is missing", async () => {
  for (const task of ["simulate", "fuzz"]) {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", `scripts/${task}.ts`],
      cwd: ROOT,
      env: { PATH: "/nowhere" },
    }).output();
    equal(code, 2);
    match(new TextDecoder().decode(stderr), /^Rust is missing: install it with rustup/);
  }
});

Deno.test("of what libFuzzer says its last state is kept, and the last lines", async () => {
  const output = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      const say = (text: string) => controller.enqueue(new TextEncoder().encode(text));
      for (let n = 1; n <= 5000; n++) {
        say(`#${n}\tNEW    cov: 7 ft: ${n} corp: 3/9b\nNEW_FUNC\nline ${n}\n`);
      }
      say("Done 5000 ru");
      say("ns\nTest unit written to findings/x");
      controller.close();
    },
  });
  const { state, lines } = await readFuzzOutput(output);
  match(state, /^#5000\tNEW {4}cov: 7 ft: 5000/);
  equal(lines.length, 1000);
  deepEqual(lines.slice(-3), ["line 5000", "Done 5000 runs", "Test unit written to findings/x"]);
});
