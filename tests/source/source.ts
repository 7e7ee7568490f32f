/** The files that are written here, and what is found in them. */

import { files, ROOT } from "../docs/pages.ts";

/** A file. */
export interface Source {
  path: string;
  text: string;
}

/** A function that is too long. */
export interface Long {
  path: string;
  name: string;
  line: number;
  lines: number;
}

/** All files whose paths match. */
export async function sources(pattern: RegExp): Promise<Source[]> {
  const paths = files().filter((path) => pattern.test(path) && !path.startsWith("pkg/")).sort();
  return await Promise.all(paths.map(async (path) => ({
    path,
    text: await Deno.readTextFile(new URL(path, ROOT)),
  })));
}

/** The number of the line in which a position is. */
export function lineOf(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}

/** A circle of imports, as the files on it; undefined if there is none. */
export function circleIn(graph: Map<string, Set<string>>): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, way: string[]): string[] | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const target of graph.get(file) ?? []) {
      const circle = visit(target, [...way, file]);
      if (circle) return circle;
    }
    done.add(file);
  };
  for (const file of graph.keys()) {
    const circle = visit(file, []);
    if (circle) return circle;
  }
}
