/**
 * The files of the page: those of `console/`, the core and the libraries. Nothing is bundled or built, so
 * a change is there with the next request.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { dirname, extname, join, posix } from "node:path";
import configuration from "../../deno.json" with { type: "json" };
import { packageFile } from "../npm_package.ts";

/** A file of the page. */
export interface PageFile {
  type: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Nothing else is given out, whatever lies beside it. */
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".webp": "image/webp",
  ".png": "image/png",
};

/** Names without a dot in front, so neither hidden files nor parent folders. */
const PATH = /^(?:[\w-]+(?:\.[\w-]+)*\/)*[\w-]+(?:\.[\w-]+)+$/;

/**
 * Folders of the page that are elsewhere: the core, and the libraries from npm. The import map names them,
 * so that `deno check` reads the same files as the browser.
 */
const ELSEWHERE = Object.entries(configuration.imports)
  .filter(([name]) => name.startsWith("./console/"))
  .map(([name, target]) => ({ folder: name.slice("./console/".length), target }));

/** The file with a path below the page's address; undefined if the page has none there. */
export async function pageFile(path: string): Promise<PageFile | undefined> {
  const name = path === "" ? "index.html" : path;
  const type = TYPES[extname(name)];
  if (!type || !PATH.test(name) || /_test\./.test(name)) return undefined;
  try {
    return { type, bytes: await Deno.readFile(await placeOf(name)) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw error;
  }
}

async function placeOf(name: string): Promise<string> {
  const found = ELSEWHERE.find(({ folder }) => name.startsWith(folder));
  if (!found) return fileURLToPath(new URL(`../../console/${name}`, import.meta.url));
  const { folder, target } = found;
  const rest = name.slice(folder.length);
  const [, library, version, path] = /^npm:\/((?:@[^/]+\/)?[^/@]+)@([^/]+)\/(.*)$/.exec(target) ??
    [];
  if (library === undefined) {
    return fileURLToPath(new URL(`../../${target}${rest}`, import.meta.url));
  }
  const manifest = await packageFile({ name: library, version, path: "package.json" });
  return join(dirname(manifest), path, rest);
}

/** What a file of the page refers to, relative to itself. */
const REFERENCE = /(?:\b(?:from|import)\s*\(?\s*|\b(?:href|src)=)["'](\.{1,2}\/[^"']+)["']/g;

/**
 * All files of the page with their paths, for a host that only stores files.
 *
 * @throws when a file refers to one that is missing
 */
export async function pageFiles(): Promise<Map<string, PageFile>> {
  const files = new Map<string, PageFile>();
  const missing = async (path: string, from: string): Promise<void> => {
    // Types are for the checker; a browser never asks for them.
    if (files.has(path) || path.endsWith(".d.ts")) return;
    const file = await pageFile(path);
    if (!file) throw new Error(`${from} refers to ${path}, which the page does not have`);
    files.set(path, file);
    if (!file.type.startsWith("text/")) return;
    const text = new TextDecoder().decode(file.bytes);
    for (const [, reference] of text.matchAll(REFERENCE)) {
      await missing(posix.join(posix.dirname(path), reference), path);
    }
  };
  await missing("index.html", "the page");
  return files;
}
