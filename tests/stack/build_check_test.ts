/** `./build.sh --check` changes nothing on a machine, whatever Rust it has. */
import { deepEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { digestOfSources } from "../../scripts/toolchain/fingerprint.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Enough of the project for a check, with digests that fit. */
async function projectCopy(): Promise<string> {
  const project = await Deno.makeTempDir({ prefix: "build-check-" });
  for (const path of ["build.sh", "Cargo.lock", "Cargo.toml"]) {
    await Deno.copyFile(join(ROOT, path), join(project, path));
  }
  await copyFolder(join(ROOT, "scripts/toolchain"), join(project, "scripts/toolchain"));
  await Deno.mkdir(join(project, "src"));
  await Deno.mkdir(join(project, "pkg"));
  const sources = await digestOfSources(pathToFileURL(`${project}/`));
  const record = { sources, files: {}, compiler: "1.0.0 000000000 a-machine" };
  await Deno.writeTextFile(join(project, "pkg/build.json"), JSON.stringify(record));
  return project;
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) {
    await Deno.copyFile(join(from, name), join(to, name));
  }
}

/** Runs a check where `rustc` says it is of a version, and every installer leaves a note. */
async function check(rustVersion: string) {
  const project = await projectCopy();
  const programs: Record<string, string> = {
    rustc: `case "$1" in
      --version) echo "rustc ${rustVersion} (abcdef123 2026-01-01)" ;;
      --print) echo "${project}/sysroot" ;;
    esac`,
    cargo: `echo "cargo $*" >>"${project}/installed"`,
    rustup: `echo "rustup $*" >>"${project}/installed"`,
    "apt-get": `echo "apt-get $*" >>"${project}/installed"`,
  };
  const bin = join(project, "bin");
  await Deno.mkdir(bin);
  for (const [name, text] of Object.entries(programs)) {
    await Deno.writeTextFile(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
  await Deno.symlink(Deno.execPath(), join(bin, "deno"));
  try {
    const { code, stderr } = await new Deno.Command("bash", {
      args: [join(project, "build.sh"), "--check"],
      env: { PATH: `${bin}:${Deno.env.get("PATH")}`, WASM_TOOLCHAIN: "" },
    }).output();
    const installed = await Deno.readTextFile(join(project, "installed")).catch(() => "");
    return { code, said: new TextDecoder().decode(stderr), installed };
  } finally {
    await Deno.remove(project, { recursive: true });
  }
}

Deno.test("a check with an older Rust is content with the digests", async () => {
  const { code, said, installed } = await check("1.70.0");
  deepEqual([code, installed], [0, ""], said);
  match(said, /not built again: the Rust here is rustc 1\.70\.0 .*, older than/);
});

Deno.test("a check does not fetch the source of Rust's library", async () => {
  const { code, said, installed } = await check("1.99.0");
  deepEqual([code, installed], [0, ""], said);
  match(said, /not built again: .* without the source of its library/);
});

Deno.test("a check still finds sources that pkg/ was not made from", async () => {
  const project = await projectCopy();
  await Deno.writeTextFile(join(project, "src/lib.rs"), "// another");
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-read", "--quiet", "--no-lock", "scripts/toolchain/fingerprint.ts"],
    cwd: project,
  }).output();
  equal(code, 1);
  match(new TextDecoder().decode(stderr), /the sources have changed/);
  await Deno.remove(project, { recursive: true });
});
