/**
 * Programs that Debian packages, for tests that need one which a machine may lack: installed where that needs no
 * one's consent.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { TOOLS } from "../../local/npm_package.ts";

/** How often apt is asked again, a second later, while another process has one of its locks. */
const MOST_TRIES = 300;

/**
 * Whether the program of a package is there, after installing it if this is root on Debian.
 *
 * It is asked one process at a time: while another one installs the package, the program is there before the libraries
 * that it needs.
 */
export async function installed(name: string, isThere: () => boolean | Promise<boolean>) {
  await Deno.mkdir(TOOLS, { recursive: true });
  using file = await Deno.open(join(TOOLS, "apt.lock"), { create: true, write: true });
  await file.lock(true);
  if (await isThere()) return true;
  if (Deno.build.os !== "linux" || Deno.uid() !== 0 || !existsSync("/usr/bin/apt-get")) {
    return false;
  }
  console.log(`installing Debian's ${name}`);
  const install = () => apt("install", "--yes", "--no-install-recommends", name);
  // A fresh image knows no packages, or old ones.
  if (!await install() && await updatePackages()) await install();
  return await isThere();
}

/** Has apt read which packages there are. */
export function updatePackages(): Promise<boolean> {
  return apt("update");
}

/** Of apt's locks it waits for one alone. */
async function apt(...args: string[]): Promise<boolean> {
  for (let tries = 1;; tries++) {
    const { success, stderr } = await new Deno.Command("apt-get", {
      args: ["-qq", "-o", "DPkg::Lock::Timeout=300", ...args],
      env: { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" },
      stdin: "null",
      stdout: "null",
    }).output();
    const said = new TextDecoder().decode(stderr);
    if (success || tries === MOST_TRIES || !/Could not get lock|Unable to lock/.test(said)) {
      if (!success) console.log(said.trim());
      return success;
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
