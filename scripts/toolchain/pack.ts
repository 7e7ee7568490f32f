/**
 * The last step of the build: makes `pkg/` out of what wasm-bindgen wrote.
 *
 *     pack.ts BINDINGS OUT COMPILER BINDGEN_VERSION
 *
 * The WASM is optimised and put into the JavaScript module as base64, because that is the one
 * form which every way of deploying an edge function carries along: files beside the code are lost
 * on some of them, and `fetch` of a module-relative URL fails on others. The module loads itself
 * when it is imported. Where `Uint8Array` cannot decode it, as in Deno 2.1.4, `node:buffer` can without
 * making a text of the bytes first; to load that takes 5 ms where Deno has it ready no more, so it is not
 * imported. Old browsers have neither. It is compressed, and decompressed by a module of its own.
 */
import { compress, decompressor } from "./compress.ts";
import { type BuildRecord, digest, digestOfSources } from "./fingerprint.ts";

const BINARYEN = "132.0.0";

/**
 * The proposals that the code may use. All are in V8 since long before Deno 2.1.4; the optimiser
 * must not reach for any other.
 */
const FEATURES = [
  "MutableGlobals",
  "NontrappingFPToInt",
  "SIMD128",
  "BulkMemory",
  "BulkMemoryOpt",
  "SignExt",
  "ReferenceTypes",
  "Multivalue",
] as const;

interface BinaryenModule {
  setFeatures(features: number): void;
  optimize(): void;
  runPasses(passes: string[]): void;
  emitBinary(): Uint8Array<ArrayBuffer>;
}

/** As much of binaryen as is used here. */
interface Binaryen {
  Features: Record<string, number>;
  readBinary(bytes: Uint8Array): BinaryenModule;
  parseText(text: string): BinaryenModule;
  setOptimizeLevel(level: number): void;
  setShrinkLevel(level: number): void;
  setLowMemoryUnused(on: boolean): void;
  setGenerateStackIR(on: boolean): void;
  setOptimizeStackIR(on: boolean): void;
}

async function optimiser(): Promise<Binaryen> {
  // Not a static import: type checking this project should not download a compiler.
  const specifier = `npm:binaryen@${BINARYEN}`;
  return (await import(specifier)).default;
}

const features = ({ Features }: Binaryen) =>
  FEATURES.reduce((all, name) => all | Features[name], 0);

/**
 * What `wasm-opt --low-memory-unused --merge-similar-functions --flatten --rereloop -Oz -Oz
 * --const-hoisting` does: two hundredths smaller than `-Oz` alone.
 */
async function optimised(wasm: Uint8Array): Promise<[Uint8Array<ArrayBuffer>, ShortNames]> {
  // What the optimiser prints are the short names.
  const printed: string[] = [];
  console.log = (line: string) => printed.push(line);
  const binaryen = await optimiser();
  const module = binaryen.readBinary(wasm);
  module.setFeatures(features(binaryen));
  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(2);
  // The end of the stack is there: no sum of an address and an offset wraps around to it.
  binaryen.setLowMemoryUnused(true);
  // The last step of `wasm-opt`, which a module that is optimised through the API gets only when asked.
  binaryen.setGenerateStackIR(true);
  binaryen.setOptimizeStackIR(true);
  module.runPasses(["merge-similar-functions"]); // what generics made of one function, several times
  module.runPasses(["flatten", "rereloop"]);
  module.optimize();
  module.optimize();
  module.runPasses(["const-hoisting"]); // a local is shorter than a large number
  module.runPasses(["reorder-functions"]); // the most called get the shortest numbers
  module.runPasses(["strip-target-features"]); // linkers read them
  module.runPasses(["minify-imports-and-exports-and-modules"]);
  return [module.emitBinary(), JSON.parse(printed.join("\n"))];
}

/**
 * What stands between the WASM and JavaScript has long names, each of them in both. Short ones are
 * enough: only the engine reads them.
 */
interface ShortNames {
  /** Module, name, short name. The module's own short name is `a`. */
  imports: [string, string, string][];
  /** Name, short name. */
  exports: [string, string][];
}

/** The glue with the names that the WASM has now. */
function withShortNames(glue: string, { imports, exports }: ShortNames): string {
  for (const [, name, short] of imports) {
    glue = replaceOnce(glue, name, RegExp(`^ {8}${name}: `, "m"), `${short}: `);
  }
  for (const [name, short] of exports) {
    glue = glue.replace(RegExp(`\\bwasm\\.${name}\\b`, "g"), () => `wasm.${short}`);
  }
  return replaceOnce(glue, "the module of the imports", /"\.\/q_bg\.js": /, '"a": ');
}

/** Replaces what `pattern` finds, which has to be there exactly once. */
function replaceOnce(text: string, what: string, pattern: RegExp, replacement: string): string {
  const found = text.match(new RegExp(pattern, `${pattern.flags}g`)) ?? [];
  if (found.length !== 1) {
    throw new Error(`wasm-bindgen's output has ${what} ${found.length} times, expected once`);
  }
  return text.replace(pattern, () => replacement);
}

/** Most texts are names of a few letters, for which a decoder takes five times as long. */
const SHORT_TEXTS = `const bytes = getUint8ArrayMemory0().subarray(ptr, ptr + len);
    if (len < 48) {
        const text = String.fromCharCode.apply(null, bytes);
        if (!/[^\\x00-\\x7f]/.test(text)) return text;
    }
    return cachedTextDecoder.decode(bytes);`;

/** The WASM compressed, and what makes it out of that. */
interface Compressed {
  bytes: Uint8Array<ArrayBuffer>;
  decompressor: Uint8Array<ArrayBuffer>;
  start: number;
  length: number;
}

async function compressed(wasm: Uint8Array): Promise<Compressed> {
  const bytes = compress(wasm);
  const { text, start } = decompressor(bytes.length, wasm.length);
  const binaryen = await optimiser();
  const module = binaryen.parseText(text);
  module.setFeatures(features(binaryen));
  module.optimize();
  const packed = { bytes, decompressor: module.emitBinary(), start, length: wasm.length };
  if (decompressed(packed).some((byte, at) => byte !== wasm[at])) {
    throw new Error("what was compressed is not what comes out of it");
  }
  return packed;
}

/** The WASM as the module has it when it is loaded. */
function decompressed({ bytes, decompressor, start, length }: Compressed): Uint8Array {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(decompressor));
  const { a, b } = exports as { a(): void; b: WebAssembly.Memory };
  new Uint8Array(b.buffer, start).set(bytes);
  a();
  return new Uint8Array(b.buffer, 0, length);
}

/** The module with the bytes inside. What would load them from elsewhere is taken out. */
function selfLoading(glue: string, { bytes, decompressor, start, length }: Compressed): string {
  const withoutLoader = replaceOnce(
    glue,
    "the asynchronous loader",
    /async function __wbg_load\([\s\S]*?\n}\n\n/,
    "",
  );
  const loaded = replaceOnce(
    withoutLoader,
    "the initialiser with its export",
    /async function __wbg_init\([\s\S]*$/,
    `const decoded = (text) =>
  Uint8Array.fromBase64?.(text) ??
    globalThis.process?.getBuiltinModule?.("node:buffer").Buffer.from(text, "base64") ??
    Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
{
  const module = new WebAssembly.Module(decoded("${base64(decompressor)}"));
  const { a, b } = new WebAssembly.Instance(module).exports;
  new Uint8Array(b.buffer, ${start}).set(decoded(
    "${base64(bytes)}",
  ));
  a();
  initSync({ module: new Uint8Array(b.buffer, 0, ${length}) });
}
`,
  );
  const short = replaceOnce(
    loaded,
    "the decoder of texts",
    /return cachedTextDecoder\.decode\((getUint8ArrayMemory0\(\)\.subarray\(ptr, ptr \+ len\))\);/,
    SHORT_TEXTS,
  );
  // What the comments say stands with the types.
  const bare = short.replace(/^\/\*\*[^]*?\*\/\n|^ *\/\/.*\n|^ +/gm, "");
  return replaceOnce(
    bare,
    "the reference to its types",
    /^\/\* @ts-self-types="[^"]*" \*\/\n/,
    `// @ts-self-types="./generation_queue.d.ts"\n// Generated by build.sh from src/. Do not edit.\n`,
  );
}

/** The types without those of loading. */
function publicTypes(types: string): string {
  const declarations = replaceOnce(
    types,
    "the types of loading",
    /\nexport type InitInput =[\s\S]*$/,
    "",
  );
  return replaceOnce(
    declarations,
    "its head",
    /^\/\* tslint:disable \*\/\n\/\* eslint-disable \*\/\n/,
    "// Generated by build.sh from the Rust types in src/. Do not edit.\n",
  );
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3072) {
    text += btoa(String.fromCharCode(...bytes.subarray(i, i + 3072)));
  }
  return text;
}

if (import.meta.main) {
  const [bindings, out, compiler, wasmBindgen] = Deno.args;
  const root = new URL("../../", import.meta.url);
  const [wasm, names] = await optimised(await Deno.readFile(`${bindings}/q_bg.wasm`));
  const glue = await Deno.readTextFile(`${bindings}/q.js`);
  const types = await Deno.readTextFile(`${bindings}/q.d.ts`);
  const files: Record<string, string> = {
    "generation_queue.js": selfLoading(withShortNames(glue, names), await compressed(wasm)),
    "generation_queue.d.ts": publicTypes(types),
  };
  const record: BuildRecord = {
    sources: await digestOfSources(root),
    files: {},
    compiler,
    wasmBindgen,
    binaryen: BINARYEN,
    wasmBytes: wasm.length,
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${out}/${name}`, text);
    record.files[name] = await digest(new TextEncoder().encode(text));
  }
  await Deno.writeTextFile(`${out}/build.json`, JSON.stringify(record, null, 2) + "\n");
  const kilobytes = (length: number) => `${(length / 1000).toFixed(1)} kB`;
  console.error(
    `build: ${out}/generation_queue.js: ${kilobytes(wasm.length)} of WASM, ` +
      `${kilobytes(files["generation_queue.js"].length)} in all`,
  );
}
