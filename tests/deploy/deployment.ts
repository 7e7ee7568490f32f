/** Deploys this repository with the CLI, and unpacks what was uploaded. */
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { startManagementApi, type Upload } from "./management_api.ts";
import { PROJECT, supabase } from "./supabase_cli.ts";

export const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

export const FUNCTIONS = ["process-image-generation", "process-video-generation"];

/** Runs `supabase functions deploy` on the API path for each function. */
export async function deploy(workdir = REPOSITORY, names = FUNCTIONS) {
  const api = startManagementApi();
  try {
    const outcomes = [];
    for (const name of names) {
      const args = ["functions", "deploy", name, "--use-api", `--remote=${PROJECT}`];
      outcomes.push(await supabase(workdir, api.url, args));
    }
    return { uploads: api.uploads, outcomes };
  } finally {
    await api.close();
  }
}

/** Writes the files of all uploads into one folder, at their paths in the bundle. */
export async function unpack(uploads: Upload[], folder: string): Promise<void> {
  for (const { files } of uploads) {
    for (const [name, content] of files) {
      const path = normalize(name);
      if (path.startsWith("..") || path.startsWith("/")) throw new Error(`${name} leads outside`);
      await Deno.mkdir(join(folder, dirname(path)), { recursive: true });
      await Deno.writeFile(join(folder, path), content);
    }
  }
}

/**
 * The files that `entrypoint` imports, directly or not, relative to `folder`, and the imports that
 * cannot be resolved. `.d.ts` files that a module names for itself are left out: the runtime does not
 * read them.
 */
export async function importsOf(folder: string, entrypoint: string) {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--no-config", "--no-remote", "--no-npm", entrypoint],
    cwd: folder,
  }).output();
  const { roots, modules } = JSON.parse(new TextDecoder().decode(stdout)) as Graph;
  const known = new Map(modules.map((module) => [module.specifier, module]));
  const loaded = new Set<string>();
  const broken: string[] = [];
  const next = [...roots];
  for (let specifier = next.pop(); specifier !== undefined; specifier = next.pop()) {
    if (loaded.has(specifier) || specifier.startsWith("node:")) continue;
    const module = known.get(specifier);
    if (!module || module.error || !specifier.startsWith("file:")) {
      broken.push(module?.error ?? specifier);
      continue;
    }
    loaded.add(specifier);
    for (const { specifier: written, code, type } of module.dependencies ?? []) {
      const target = code ?? type;
      if (target?.specifier) next.push(target.specifier);
      else broken.push(`${written}: ${target?.error}`);
    }
  }
  const base = await Deno.realPath(folder);
  const files = [...loaded].map((specifier) => fileURLToPath(specifier).slice(base.length + 1));
  return { files: files.sort(), broken };
}

/** The output of `deno info --json`. An `import type` has no `code`. */
interface Graph {
  roots: string[];
  modules: { specifier: string; error?: string; dependencies?: Dependency[] }[];
}

interface Dependency {
  specifier: string;
  code?: { specifier?: string; error?: string };
  type?: { specifier?: string; error?: string };
}
