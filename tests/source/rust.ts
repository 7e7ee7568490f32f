/** As much of Rust as it takes to see who imports whom, and how long a function is. */

import { lineOf, type Long, type Source } from "./source.ts";

/** Comments, texts and characters; what is left of the code is code. */
const NO_CODE =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|\bb?r(#*)"[\s\S]*?"\1|"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\\n]|\\[^'\n]+|\\')'/g;

/** The code with its lines where they were, and nothing in it but code. */
export function codeOf(text: string): string {
  return text.replaceAll(NO_CODE, (match) => match.replaceAll(/[^\n]/g, " "));
}

/** Where the block ends whose brace is the first one from `start`. */
function endOfBlock(code: string, start: number): number {
  let depth = 0;
  for (let at = start; at < code.length; at++) {
    if (code[at] === "{") depth++;
    else if (code[at] === "}" && --depth === 0) return at;
  }
  return code.length;
}

/** Where the body of a function begins; undefined for one that has none. */
function startOfBody(code: string, start: number): number | undefined {
  let depth = 0; // of brackets, which may hold an array's semicolon
  for (let at = start; at < code.length; at++) {
    if ("([".includes(code[at])) depth++;
    else if (")]".includes(code[at])) depth--;
    else if (code[at] === "{") return at;
    else if (code[at] === ";" && depth === 0) return undefined;
  }
}

/** The functions of a file that are longer than `most` lines. */
export function longRustFunctions({ path, text }: Source, most: number): Long[] {
  const code = codeOf(text);
  return [...code.matchAll(/\bfn (\w+)/g)].flatMap(({ 1: name, index }) => {
    const body = startOfBody(code, index);
    if (body === undefined) return [];
    const line = lineOf(code, index);
    return [{ path, name, line, lines: lineOf(code, endOfBlock(code, body)) - line + 1 }];
  }).filter(({ lines }) => lines > most);
}

/** A module: its file, its children in the order of their declaration, and what it imports. */
interface Module {
  file: string;
  children: string[];
  imports: string[][];
  /** The names that it has from elsewhere, with their full paths. */
  names: Map<string, string[]>;
}

/** The modules of one crate by their paths, `flow::run`; the root is "". */
export type Crate = Map<string, Module>;

/** Without tests that stand beside the code: those may import all that they test. */
function withoutTests(code: string): string {
  const attribute =
    /#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*(?:pub(?:\([^)]*\))? )?mod \w+\s*(;|\{)/g;
  for (let match; (match = attribute.exec(code));) {
    const end = match[1] === ";" ? attribute.lastIndex : endOfBlock(code, match.index) + 1;
    code = code.slice(0, match.index) + code.slice(end);
    attribute.lastIndex = match.index;
  }
  return code;
}

/** Every path of a `use`: `a::{b, c::d}` is `a::b` and `a::c::d`. The last name may have an alias. */
function pathsOf(tree: string): { path: string[]; name: string }[] {
  const brace = tree.indexOf("{");
  if (brace < 0) {
    const [path, alias] = tree.split(/\s+as\s+/);
    const segments = path.trim().split("::").map((segment) => segment.trim());
    return [{ path: segments, name: alias?.trim() ?? segments[segments.length - 1] }];
  }
  const prefix = tree.slice(0, brace).split("::").map((it) => it.trim()).filter((it) => it !== "");
  const parts: string[] = [];
  let depth = 0;
  let part = "";
  for (const char of tree.slice(brace + 1, tree.lastIndexOf("}"))) {
    depth += char === "{" ? 1 : char === "}" ? -1 : 0;
    if (char === "," && depth === 0) parts.push(part), part = "";
    else part += char;
  }
  return [...parts, part].filter((it) => it.trim() !== "").flatMap(pathsOf).map(({ path, name }) =>
    path[0] === "self"
      ? { path: prefix, name: prefix[prefix.length - 1] }
      : { path: [...prefix, ...path], name }
  );
}

/** The path from the crate's root, or undefined where it leads to another crate. */
function absolute(path: string[], module: string[], children: string[]): string[] | undefined {
  const [first, ...rest] = path;
  if (first === "crate") return rest;
  if (first === "self") return [...module, ...rest];
  if (first === "super") return absolute(["self", ...rest], module.slice(0, -1), []);
  return children.includes(first) ? [...module, ...path] : undefined;
}

/** Reads a crate from its root. `sources` are the files that there are. */
export function crateOf(root: string, sources: Map<string, string>): Crate {
  const crate: Crate = new Map();
  const read = (file: string, module: string[], folder: string) => {
    const text = sources.get(file);
    if (text === undefined) throw new Error(`${file}: no such file`);
    const code = withoutTests(codeOf(text));
    const children = [...code.matchAll(/^(?:pub(?:\([^)]*\))? )?mod (\w+);/gm)].map(([, it]) => it);
    const names = new Map<string, string[]>();
    const imports: string[][] = [];
    for (const [, tree] of code.matchAll(/\buse ([^;]+);/g)) {
      for (const { path, name } of pathsOf(tree)) {
        const target = absolute(path, module, children);
        if (target === undefined) continue;
        imports.push(target);
        names.set(name, target);
      }
    }
    for (const [path] of code.matchAll(/(?<!\bin )\b(?:crate|super)(?:::\w+)+/g)) {
      const target = absolute(path.split("::"), module, children);
      if (target !== undefined) imports.push(target);
    }
    crate.set(module.join("::"), { file, children, imports, names });
    for (const child of children) {
      const given = text.match(new RegExp(`#\\[path = "([^"]+)"\\]\\s*(?:pub )?mod ${child};`));
      const paths = given
        ? [new URL(given[1], `file:///${file}`).pathname.slice(1)]
        : [`${folder}${child}.rs`, `${folder}${child}/mod.rs`];
      const path = paths.find((it) => sources.has(it)) ?? paths[0];
      const below = path.endsWith("/mod.rs")
        ? path.slice(0, -"mod.rs".length)
        : `${path.slice(0, -3)}/`;
      read(path, [...module, child], below);
    }
  };
  read(root, [], root.slice(0, root.lastIndexOf("/") + 1));
  return crate;
}

/** The module in which a path's item is defined, whatever other modules hand it on. */
function definedIn(crate: Crate, path: string[], depth = 0): string {
  const module: string[] = [];
  for (const [index, segment] of path.entries()) {
    const here = crate.get(module.join("::"));
    if (here?.children.includes(segment)) {
      module.push(segment);
      continue;
    }
    const handedOn = here?.names.get(segment);
    if (handedOn && depth < 8) {
      return definedIn(crate, [...handedOn, ...path.slice(index + 1)], depth + 1);
    }
    break;
  }
  return module.join("::");
}

/** Which modules import which. */
export function importsOf(crate: Crate): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  for (const [name, { imports }] of crate) {
    const targets = imports.map((path) => definedIn(crate, path));
    graph.set(name, new Set(targets.filter((target) => target !== name)));
  }
  return graph;
}

/** The imports of modules that are declared later than their importer. */
export function upwardImports(crate: Crate): string[] {
  const found: string[] = [];
  for (const [from, targets] of importsOf(crate)) {
    for (const to of targets) {
      const [a, b] = [from.split("::"), to.split("::")];
      const fork = a.findIndex((segment, index) => segment !== b[index]);
      if (fork < 0 || fork >= b.length) continue;
      const { children } = crate.get(a.slice(0, fork).join("::"))!;
      if (children.indexOf(b[fork]) > children.indexOf(a[fork])) found.push(`${from} -> ${to}`);
    }
  }
  return found;
}
