/**
 * Does `pkg/` belong to `src/`?
 *
 * Comparing bytes alone cannot answer that everywhere: two compiler versions never produce the
 * same WASM, and a machine may have another one than the machine that built, or none. So the
 * build leaves two digests in `pkg/build.json`:
 *
 * - of everything that the result was made from. A source that was edited without another build
 *   is found on any machine, without Rust.
 * - of every file of the result. An edited result is found, too.
 *
 * What they cannot show is a build that went wrong on the way; for that `./build.sh --check` also
 * builds again and compares the bytes wherever the very same compiler is at hand.
 *
 * Run as a program: exits with 1 and says what does not fit. With `--compiler` it prints the
 * compiler that made `pkg/`.
 */

/** `pkg/build.json`: what `pkg/` was made from, and by what. */
export interface BuildRecord {
  /** Digest of the sources, see `digestOfSources`. */
  sources: string;
  /** Digest of each generated file. */
  files: Record<string, string>;
  /** Release, commit and host of rustc. */
  compiler: string;
  wasmBindgen: string;
  binaryen: string;
  /** Length of the WASM in bytes. */
  wasmBytes: number;
}

/** What the result is made from, besides the files below `SOURCE_FOLDERS`. */
const SOURCE_FILES = ["Cargo.lock", "Cargo.toml", "build.sh"];
const SOURCE_FOLDERS = ["scripts/toolchain", "src"];

/** The digest of all sources of the build, independent of folder, order and machine. */
export async function digestOfSources(root: URL): Promise<string> {
  const paths = [...SOURCE_FILES];
  for (const folder of SOURCE_FOLDERS) {
    for await (const path of filesBelow(root, folder)) paths.push(path);
  }
  paths.sort();
  const lines: string[] = [];
  for (const path of paths) {
    lines.push(`${await digest(await Deno.readFile(new URL(path, root)))}  ${path}\n`);
  }
  return await digest(new TextEncoder().encode(lines.join("")));
}

/** SHA-256 in hexadecimal. */
export async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(sum, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What does not fit between the sources and `pkg/`; empty when all does. */
export async function mismatches(root: URL): Promise<string[]> {
  const found: string[] = [];
  const record = await readRecord(root);
  if (await digestOfSources(root) !== record.sources) {
    found.push("the sources have changed since pkg/ was built. Run ./build.sh");
  }
  for (const [name, expected] of Object.entries(record.files)) {
    const bytes = await Deno.readFile(new URL(`pkg/${name}`, root)).catch(() => undefined);
    if (bytes === undefined) found.push(`pkg/${name} is missing. Run ./build.sh`);
    else if (await digest(bytes) !== expected) {
      found.push(`pkg/${name} was changed by hand. Run ./build.sh`);
    }
  }
  return found;
}

async function readRecord(root: URL): Promise<BuildRecord> {
  return JSON.parse(await Deno.readTextFile(new URL("pkg/build.json", root)));
}

async function* filesBelow(root: URL, folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(new URL(`${folder}/`, root))) {
    if (entry.name.startsWith(".")) continue; // editors leave things behind
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* filesBelow(root, path);
    else yield path;
  }
}

if (import.meta.main) {
  const root = new URL("../../", import.meta.url);
  if (Deno.args[0] === "--compiler") {
    console.log((await readRecord(root)).compiler);
  } else {
    const found = await mismatches(root);
    for (const line of found) console.error(`build: error: ${line}`);
    if (found.length > 0) Deno.exit(1);
    console.error("build: pkg/ carries the digests of these sources and of itself");
  }
}
