/** The browser: the machine's own Chromium, installed where that needs no question. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { installed } from "../support/debian_packages.ts";

const PROGRAMS = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** In milliseconds. The first start reads a hundred megabytes, on a machine that may do other things as well. */
const LONGEST_START = 120_000;

/**
 * @throws when there is no Chromium, and what to do
 */
export async function launchChromium(): Promise<Browser> {
  return await chromium.launch({
    executablePath: await chromiumProgram(),
    // A container may have no user namespaces and a small /dev/shm. The pages are our own.
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
    timeout: LONGEST_START,
  });
}

async function chromiumProgram(): Promise<string> {
  const named = Deno.env.get("CHROMIUM");
  if (named) return named;
  const found = () => PROGRAMS.find((program) => existsSync(program));
  if (await installed("chromium", () => found() !== undefined)) return found()!;
  throw new Error(
    "There is no Chromium. Install it (Debian: sudo apt-get install chromium), or name the program " +
      "in CHROMIUM.",
  );
}
