/** The browser: the machine's own Chromium, installed where that needs no question. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const PROGRAMS = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/**
 * @throws when there is no Chromium, and what to do
 */
export async function launchChromium(): Promise<Browser> {
  return await chromium.launch({
    executablePath: await chromiumProgram(),
    // A container may have no user namespaces and a small /dev/shm. The pages are our own.
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
}

async function chromiumProgram(): Promise<string> {
  const named = Deno.env.get("CHROMIUM");
  if (named) return named;
  const found = () => PROGRAMS.find((program) => existsSync(program));
  if (!found() && Deno.build.os === "linux" && Deno.uid() === 0 && existsSync("/usr/bin/apt-get")) {
    await install();
  }
  const program = found();
  if (program) return program;
  throw new Error(
    "There is no Chromium. Install it (Debian: sudo apt-get install chromium), or name the program " +
      "in CHROMIUM.",
  );
}

/** From Debian. Two test files may do it at once: the second one waits and finds it done. */
async function install(): Promise<void> {
  const apt = async (...args: string[]) =>
    (await new Deno.Command("apt-get", {
      args: ["-qq", "-o", "DPkg::Lock::Timeout=300", ...args],
      env: { DEBIAN_FRONTEND: "noninteractive" },
      stdout: "null",
      stderr: "null",
    }).output()).success;
  const installChromium = () => apt("install", "-y", "--no-install-recommends", "chromium");
  if (!await installChromium() && await apt("update")) await installChromium();
}
