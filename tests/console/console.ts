/** The console of a whole installation, in a browser. */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import axe from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { type Parts, TestProject } from "../support/test_project.ts";
import { launchChromium } from "./chromium.ts";

/** In milliseconds: for a state that is certain to come, on a machine that does other things as well. */
const LONGEST_WAIT = 60_000;

/** Registers a test with an installation and a browser, which its steps share. */
export function withConsole(
  name: string,
  run: (console: Console, project: TestProject, test: Deno.TestContext) => Promise<void>,
  parts: Parts = {},
): void {
  Deno.test(name, async (test) => {
    await using project = await TestProject.start(parts);
    await using console = await Console.start(project.stack.url);
    await run(console, project, test);
    console.assertQuiet();
  });
}

export class Console implements AsyncDisposable {
  /** What pages have complained about: errors of scripts, and what their policy forbade. */
  readonly #complaints: string[] = [];

  private constructor(readonly url: string, readonly browser: Browser) {}

  /** Of the installation at an address. */
  static async start(url: string): Promise<Console> {
    return new Console(url, await launchChromium());
  }

  /** Opens an address of the console, such as `#/queue`, in a browser session of its own. */
  async open(address = "", options: BrowserContextOptions = {}): Promise<Page> {
    const page = await this.newPage(options);
    await page.goto(`${this.url}/${address}`);
    return page;
  }

  /** Has a page go to another address of the console. What is asked of it then is asked of the new view. */
  async goTo(page: Page, address: string): Promise<void> {
    await page.evaluate(async (hash) => {
      if (location.hash === hash) return;
      // The page listens as well, and did so before: then it draws.
      const drawn = new Promise((resolve) =>
        addEventListener("hashchange", resolve, { once: true })
      );
      location.hash = hash;
      await drawn;
    }, `#/${address}`);
  }

  async newPage(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.browser.newContext({ reducedMotion: "reduce", ...options });
    context.setDefaultTimeout(LONGEST_WAIT);
    await context.addInitScript(countRequests);
    const page = await context.newPage();
    page.on("pageerror", ({ message }) => this.#complaints.push(message));
    page.on("console", (message) => {
      const text = message.text();
      // A reply that is an error is shown by the page; the browser tells of it here as well.
      if (message.type() === "error" && !/^Failed to load resource/.test(text)) {
        this.#complaints.push(text);
      }
    });
    return page;
  }

  assertQuiet(): void {
    assert.deepEqual(this.#complaints, []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
  }
}

declare const requests: { made: number; open: number };

/** Counts requests for data in the page, where its clock is: one that it has made is counted. */
function countRequests(): void {
  const counts = { made: 0, open: 0 };
  Object.assign(globalThis, { requests: counts });
  const { fetch } = globalThis;
  globalThis.fetch = async (...request) => {
    if (!String(request[0]).includes("/rest/")) return await fetch(...request);
    counts.made++;
    counts.open++;
    const response = await fetch(...request).catch((error) => {
      counts.open--;
      throw error;
    });
    const text = () => Response.prototype.text.call(response).finally(() => counts.open--);
    return Object.assign(response, { text });
  };
}

/** Waits until what a page has asked for is answered. @returns how many requests it has made */
export async function answered(page: Page): Promise<number> {
  await page.waitForFunction(() => requests.open === 0);
  return await page.evaluate(() => requests.made);
}

/** Waits until a picture is there and its bytes are one. */
export async function picture(page: Page, selector: string): Promise<string> {
  await page.waitForFunction(
    (selector) => {
      const image = document.querySelector<HTMLImageElement>(selector);
      return image?.complete && image.naturalWidth > 0;
    },
    selector,
  );
  return await page.locator(selector).first().getAttribute("src") ?? "";
}

/** What axe finds, in words. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return await page.evaluate(async () => {
    // deno-lint-ignore no-explicit-any
    const { violations } = await (globalThis as any).axe.run();
    // deno-lint-ignore no-explicit-any
    return violations.flatMap(({ id, nodes }: any) =>
      // deno-lint-ignore no-explicit-any
      nodes.map(({ html, failureSummary }: any) => `${id}: ${html}: ${failureSummary}`)
    );
  });
}
