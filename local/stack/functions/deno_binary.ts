import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** `"2.1.4"` is the version that Supabase's runtime is compatible with. */
export type DenoVersion = "current" | "2.1.4";

const TOOLS = fileURLToPath(new URL("../../../.tools/", import.meta.url));

/**
 * The Deno executable of a version. A version other than the running one is installed from npm into
 * the git-ignored `.tools/`, once.
 */
export async function denoBinary(
  version: DenoVersion,
  log: (line: string) => void = () => {},
): Promise<string> {
  if (version === "current" || version === Deno.version.deno) return Deno.execPath();
  const folder = join(TOOLS, `deno-${version}`);
  const executable = Deno.build.os === "windows" ? "deno.exe" : "deno";
  const binary = join(folder, "node_modules", platformPackage(), executable);
  if (await exists(binary)) return binary;

  log(`installing Deno ${version} from npm into .tools/`);
  await install(version, folder);
  if (await exists(binary)) return binary;
  throw new Error(`Deno ${version} was installed, but ${binary} is not there`);
}

/**
 * npm's `deno` package is a launcher that depends on one package for every platform; only the
 * package of this platform is needed.
 */
function platformPackage(): string {
  const { os, arch } = Deno.build;
  const cpu = arch === "aarch64" ? "arm64" : "x64";
  switch (os) {
    case "linux":
      return `@deno/linux-${cpu}-glibc`;
    case "darwin":
      return `@deno/darwin-${cpu}`;
    case "windows":
      return `@deno/win32-${cpu}`;
    default:
      throw new Error(`there is no Deno on npm for ${os}`);
  }
}

/** Installs beside the target and renames, so that two processes may do this at once. */
async function install(version: string, folder: string): Promise<void> {
  await Deno.mkdir(TOOLS, { recursive: true });
  const workspace = await Deno.makeTempDir({ dir: TOOLS, prefix: "deno-" });
  try {
    await Deno.writeTextFile(
      join(workspace, "package.json"),
      JSON.stringify({ private: true, dependencies: { [platformPackage()]: version } }),
    );
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["install", "--quiet", "--node-modules-dir=auto"],
      cwd: workspace,
      stderr: "piped",
      stdout: "null",
    }).output();
    if (!success) {
      const reason = new TextDecoder().decode(stderr).trim();
      throw new Error(`cannot install ${platformPackage()}@${version} from npm: ${reason}`);
    }
    await Deno.rename(workspace, folder).catch((error) => {
      if (!isTaken(error)) throw error;
    });
  } finally {
    await Deno.remove(workspace, { recursive: true }).catch(() => {});
  }
}

/** Another process was faster: a folder that is not empty cannot be renamed over. */
function isTaken(error: unknown): boolean {
  return error instanceof Deno.errors.AlreadyExists ||
    (error instanceof Error && /not empty/i.test(error.message));
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}
