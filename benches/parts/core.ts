/** The core alone, compiled for this machine: the time of its hot parts. */
import { ROOT } from "../measure/programs.ts";
import type { Part, Result } from "../measure/result.ts";

/** `image_reply  time:   [1.2087 ms 1.2159 ms 1.2239 ms]`, the name perhaps on a line of its own. */
const LINE = /^(\w+)\s+time:\s+\[([\d.]+ \S+) ([\d.]+ \S+) ([\d.]+ \S+)\]/gm;

export const core: Part = {
  name: "core",
  what: "the hot parts of the core, compiled for this machine",
  async run({ isQuick }): Promise<Result> {
    const manifest = ["--manifest-path", "benches/core/Cargo.toml"];
    const effort = isQuick ? ["--warm-up-time", "1", "--measurement-time", "1"] : [];
    const { success, stdout } = await new Deno.Command("cargo", {
      args: [
        ...["bench", "--quiet", "--locked", ...manifest, "--target-dir", "target/core_benches"],
        ...["--bench", "parts", "--", "--noplot", ...effort],
      ],
      cwd: ROOT,
      stdout: "piped",
    }).spawn().output();
    if (!success) throw new Error("cargo bench failed");
    const rows = [...new TextDecoder().decode(stdout).matchAll(LINE)]
      .map(([, name, least, middle, most]) => [`\`${name}\``, middle, `${least} to ${most}`]);
    const columns = ["", "time", "with 95 % confidence"];
    return { tables: [{ title: "Parts of the core", columns, rows }] };
  },
};
