/** Programs that benchmarks are made of, built when they are needed. */
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Runs a program that has to succeed. */
export async function run(program: string, args: string[], cwd = ROOT): Promise<string> {
  const command = new Deno.Command(program, { args, cwd, stdout: "piped", stderr: "piped" });
  const { success, stdout, stderr } = await command.output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(`${program} ${args.join(" ")}:\n${new TextDecoder().decode(stderr)}`);
}

/** Builds a package of its own with optimizations. */
export async function cargoBuild(manifest: string, target: string): Promise<void> {
  const where = ["--manifest-path", manifest, "--target-dir", target];
  await run("cargo", ["build", "--quiet", "--locked", "--release", ...where]);
}

const BUNDLES = `${ROOT}.local/bench/peers`;

/**
 * The folder of a peer that uses packages, as one file: the fastest way to deploy it, four times as
 * fast to start as with its packages from the cache.
 */
export async function bundledPeer(name: string): Promise<string> {
  const source = `${ROOT}benches/peers/${name}`;
  const target = `${BUNDLES}/${name}`;
  await Deno.mkdir(target, { recursive: true });
  // The folder's own settings and lock file hold the versions.
  const args = ["bundle", "--quiet", "--frozen", "--check", "--minify", "--platform=deno"];
  await run(Deno.execPath(), [...args, `--output=${target}/bundle.js`, "index.ts"], source);
  await Deno.writeTextFile(`${target}/index.ts`, 'export { default } from "./bundle.js";\n');
  return BUNDLES;
}
