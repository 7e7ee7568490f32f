/** That the console is for everyone: whatever they see with, point with, and however large their screen is. */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { BrowserContextOptions, Page } from "playwright-core";
import type { TestProject } from "../support/test_project.ts";
import { answered, axeFindings, withConsole } from "./console.ts";
import { misplaced } from "./geometry.ts";

/** A view with what is to be seen in it before it is checked. */
interface Shown {
  address: string;
  heading: string;
  prepare?(page: Page): Promise<void>;
}

const LONG = "Lighthousekeeping".repeat(7);

/** Things of every kind, some with words that are hard to place. @returns the views that show them */
async function furnish(project: TestProject): Promise<Shown[]> {
  const storyboardId = "board";
  await project.entity("scene:board:1", { title: "The storm" });
  await project.entity(`scene:board:${LONG}`, { title: LONG });
  project.simulator.script({ match: { prompt: /^refused/ }, preset: "safety", times: "always" });
  for (const prompt of ["fine", "refused"]) {
    await project.send("image", { storyboardId, sceneId: prompt, prompt });
  }
  await project.send("image", { storyboardId, sceneId: LONG, prompt: LONG });
  await project.send("image", { storyboardId: LONG, sceneId: LONG, prompt: `refused ${LONG}` });
  await project.run("image");
  await project.send("video", { storyboardId, characterId: "ada", prompt: "waits" });
  await project.send("video", { storyboardId: LONG, characterId: LONG, prompt: LONG });
  const rows = await project.stack.sql<{ id: string; name: string }>(
    `select id, coalesce(scene_id, character_id) as name from generation_jobs where storyboard_id = 'board'`,
  );
  const idOf = (of: string) => rows.find(({ name }) => name === of)!.id;
  return [
    { address: "storyboards", heading: "Storyboards" },
    { address: "storyboard/board", heading: "board" },
    { address: `storyboard/${LONG}`, heading: LONG },
    { address: "storyboard/board/scene/fine", heading: "fine" },
    { address: `storyboard/board/scene/${LONG}`, heading: LONG },
    { address: "storyboard/board/character/ada", heading: "ada" },
    { address: "send/board", heading: "New job" },
    { address: "send/board", heading: "New job", prepare: typeFaults },
    { address: `again/${idOf("refused")}`, heading: "Send again" },
    { address: "batch/board", heading: "Batch" },
    { address: "batch/board", heading: "Batch", prepare: pasteFaults },
    { address: "queue", heading: "Queue" },
    { address: "failed/image/content_blocked", heading: "Failed: content_blocked, image" },
    { address: `job/${idOf("fine")}`, heading: "Image: succeeded" },
    { address: `job/${idOf("refused")}`, heading: "Image: failed" },
    { address: `job/${idOf("ada")}`, heading: "Video: queued" },
    { address: "storyboard/empty", heading: "empty" },
    { address: "nothing", heading: "There is no such page" },
    { address: "storyboards", heading: "Storyboards", prepare: loseProject },
  ];
}

async function typeFaults(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Animate" }).click();
  await page.getByText("More", { exact: true }).click();
  await page.getByLabel("Scene id").fill("scene 06!");
  await page.getByLabel("Seed").fill("-1");
  await page.getByLabel("First frame", { exact: true }).fill(LONG);
  await page.getByText("Expected an integer").waitFor();
}

async function pasteFaults(page: Page): Promise<void> {
  await page.getByLabel("Messages as JSON").fill(
    JSON.stringify({ images: [{ prompt: "" }, { prompt: "b", sceneId: LONG + LONG }, 7] }),
  );
  await page.getByText("3 messages of 3 cannot be sent").waitFor();
}

async function loseProject(page: Page): Promise<void> {
  await page.route("**/rest/v1/**", (route) => route.abort());
  await page.reload();
  await page.getByRole("alert").getByText("cannot be reached").waitFor();
}

withConsole("the console is for everyone", async (console, project, t) => {
  const views = await furnish(project);

  /** What a check finds in all views, in words. */
  const faultsOf = async (
    options: BrowserContextOptions,
    check: (page: Page) => Promise<string[]>,
  ) => {
    const faults: string[] = [];
    const look = async (page: Page, name: string) => {
      faults.push(...(await check(page)).map((fault) => `${name}: ${fault}`));
    };
    const page = await console.open("", options);
    for (const { address, heading, prepare } of views) {
      await console.goTo(page, address);
      await page.getByRole("heading", { name: heading, exact: true, level: 1 }).waitFor();
      await answered(page);
      // A form has its price when the core has come.
      await page.locator(".job-form:not(:has(.price))").waitFor({ state: "detached" });
      await prepare?.(page);
      await look(page, `${address} ${prepare?.name ?? ""}`);
    }
    const signIn = await console.newPage(options);
    await signIn.route("**/console.json", (route) => route.fulfill({ status: 404 }));
    await signIn.goto(console.url);
    await signIn.getByLabel("Key").waitFor();
    await look(signIn, "sign in");
    return faults;
  };
  const [phone, tablet, desktop] = [390, 820, 1440].map((width) => ({ width, height: 844 }));

  await t.step("axe finds nothing in the dark on a phone", async () => {
    const options = { colorScheme: "dark", viewport: phone } as const;
    assert.deepEqual(await faultsOf(options, axeFindings), []);
  });

  await t.step(
    "nor in the light on a desktop; all words can be read at all sizes",
    async () => {
      const check = async (page: Page) => {
        const faults = await axeFindings(page);
        for (const size of [desktop, tablet, phone]) {
          await resize(page, size);
          const here = await page.evaluate(misplaced);
          faults.push(...here.map((fault) => `${size.width} wide: ${fault}`));
        }
        faults.push(...await page.evaluate(misfits));
        await resize(page, desktop);
        return faults;
      };
      const options = { colorScheme: "light", viewport: desktop } as const;
      assert.deepEqual(await faultsOf(options, check), []);
    },
  );

  await t.step("its scripts have at most 200 KB compressed, without the core", async () => {
    const page = await console.newPage();
    const scripts: Promise<Uint8Array>[] = [];
    page.on("response", (response) => {
      const isScript = response.request().resourceType() === "script";
      if (isScript && !response.url().includes("/core/")) scripts.push(response.body());
    });
    await page.goto(`${console.url}/#/queue`);
    await page.getByRole("heading", { name: "Images" }).waitFor();
    await page.waitForLoadState();
    const sizes = (await Promise.all(scripts)).map((script) => gzipSync(script).length);
    const sum = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(sizes.length > 20 && sum <= 200_000, `${sum} bytes in ${sizes.length} scripts`);
  });

  await t.step(
    "a view is read from its heading, or from where it was left",
    async () => {
      const page = await console.open("#/storyboard/board", {
        viewport: { width: 390, height: 300 },
      });
      const link = page.getByRole("heading", { name: "refused" }).getByRole("link");
      await link.press("Enter");
      await page.locator("h1:focus").getByText("refused").waitFor();
      assert.equal(await page.evaluate(() => scrollY), 0);
      await page.goBack();
      await page.locator('a:focus[href$="/scene/refused"]').waitFor();
      await page.waitForFunction(() => scrollY > 0);
      assert.deepEqual(await axeFindings(page), []);
    },
  );

  await t.step("an address that leads nowhere says so", async () => {
    const page = await console.open("#/nothing");
    await page.getByRole("heading", { name: "There is no such page" }).waitFor();
    await page.getByText("#/nothing").waitFor();
  });

  await t.step("the keyboard reaches what a mouse does", async () => {
    const page = await console.open("#/storyboard/board");
    await page.getByRole("article", { name: "fine" }).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
    await page.getByRole("article", { name: "refused" }).getByRole("button", { name: "Retry" })
      .focus();
    await page.keyboard.press("Enter");
    await page.getByText("1 job is on the queue again.", { exact: true }).waitFor();
  });
});

/** Gives the window a size. What is drawn by its size, as plots are, is drawn again in the next frame. */
async function resize(page: Page, size: { width: number; height: number }): Promise<void> {
  await page.setViewportSize(size);
  await page.evaluate(async (width) => {
    const frame = () => new Promise(requestAnimationFrame);
    while (innerWidth !== width) await frame();
    await frame();
    await frame();
  }, size.width);
}

/** What is too small for a finger, and fields that cut what stands in them while they are empty. */
function misfits(): string[] {
  const small = [...document.querySelectorAll("button, .button")].filter((element) => {
    const { width, height } = element.getBoundingClientRect();
    // In whole pixels; what is hidden has none.
    return width > 0 && (Math.round(width) < 40 || Math.round(height) < 40);
  });
  const pen = document.createElement("canvas").getContext("2d")!;
  const cut = [...document.querySelectorAll("input")].filter((input) => {
    const { font, paddingLeft, paddingRight } = getComputedStyle(input);
    pen.font = font;
    const room = input.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
    return input.clientWidth > 0 && pen.measureText(input.placeholder).width > room;
  });
  return [...small, ...cut].map(({ outerHTML }) => outerHTML);
}
