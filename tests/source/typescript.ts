/** What Deno's own parser says about TypeScript. */

import { lineOf, type Long, type Source } from "./source.ts";

interface Found {
  imports: string[];
  functions: Long[];
}

/** The imports and the functions of a file. */
export function read({ path, text }: Source): Found {
  const found: Found = { imports: [], functions: [] };
  const takeImport = (node: { source?: unknown }) => {
    const source = node.source as { value?: unknown } | null | undefined;
    if (typeof source?.value === "string") found.imports.push(source.value);
  };
  const takeFunction = (node: { range: Deno.lint.Range; id?: { name?: string } | null }) => {
    const [start, end] = node.range;
    const [line, last] = [lineOf(text, start), lineOf(text, end)];
    found.functions.push({ path, name: node.id?.name ?? "?", line, lines: last - line + 1 });
  };
  const visitor: Deno.lint.LintVisitor = {
    ImportDeclaration: takeImport,
    ExportNamedDeclaration: takeImport,
    ExportAllDeclaration: takeImport,
    ImportExpression: takeImport,
    FunctionDeclaration: takeFunction,
    FunctionExpression: takeFunction,
    ArrowFunctionExpression: takeFunction,
  };
  Deno.lint.runPlugin({ name: "source", rules: { read: { create: () => visitor } } }, path, text);
  return found;
}

/** What the comments of a JavaScript file import: types. */
function typeImports({ path, text }: Source): string[] {
  if (!path.endsWith(".js")) return [];
  const imports = /@import [^"]*"([^"]+)"|[{( |]import\("([^"]+)"\)\./g;
  return [...text.matchAll(imports)].map(([, line, inline]) => line ?? inline);
}

/** Which files import which. */
export function importsOf(sources: Source[]): Map<string, Set<string>> {
  return new Map(sources.map((source) => {
    const targets = [...read(source).imports, ...typeImports(source)]
      .filter((it) => it.startsWith("."));
    const base = `file:///${source.path}`;
    return [source.path, new Set(targets.map((it) => new URL(it, base).pathname.slice(1)))];
  }));
}

/**
 * The functions of a file that are longer than `most` lines. What a test consists of, its steps, is
 * counted for itself and not again for the test.
 */
export function longFunctions(source: Source, most: number): Long[] {
  const { functions } = read(source);
  if (!source.path.startsWith("tests/")) return functions.filter(({ lines }) => lines > most);
  return functions.filter((outer) => {
    const own = new Set(Array.from({ length: outer.lines }, (_, index) => outer.line + index));
    for (const { line, lines } of functions) {
      const inside = line >= outer.line && line + lines <= outer.line + outer.lines;
      if (!inside || lines >= outer.lines) continue;
      for (let at = line; at < line + lines; at++) own.delete(at);
    }
    return own.size > most;
  });
}
