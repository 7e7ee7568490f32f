/** How smoothly the console scrolls through a storyboard of 1,000 scenes, in a real browser. */
/// <reference lib="dom" />
import type { Browser, Page } from "playwright-core";
import { launchChromium } from "../../tests/console/chromium.ts";
import { TestProject } from "../../tests/support/test_project.ts";
import { short } from "../measure/numbers.ts";
import type { Part, Result } from "../measure/result.ts";

const SCENES = 1000;
const SCREENS = {
  "desktop, 1440 × 900": { width: 1440, height: 900 },
  "phone, 390 × 844": { width: 390, height: 844 },
};

/** A quick turn of the wheel, in pixels a second, and how far it goes. */
const SPEED = 4000;
const WAY = 20_000;

/** A frame that comes later than this was missed: a screen shows sixty a second. Milliseconds. */
const MISSED = 1000 / 60 * 1.5;

export const scroll: Part = {
  name: "scroll",
  what: "how smoothly the console scrolls through 1,000 scenes, in Chromium",
  async run({ rounds }): Promise<Result> {
    await using project = await TestProject.start();
    await furnish(project);
    await using browser = await launchChromium();
    const rows: string[][] = [];
    for (const [screen, viewport] of Object.entries(SCREENS)) {
      const [down, up]: [Pass[], Pass[]] = [[], []];
      for (let round = 0; round < rounds; round++) {
        const page = await open(browser, project.stack.url, viewport);
        down.push(await scrollBy(page, -WAY));
        up.push(await scrollBy(page, WAY));
        await page.context().close();
      }
      rows.push(row(`${screen}, down, pictures load`, down), row(`${screen}, up again`, up));
    }
    const columns = ["", "p50", "p95", "longest", "missed, %", "thread busy, %"];
    return { tables: [{ title: "From one frame to the next, ms", columns, rows }] };
  },
};

/** Scenes with a picture each that has to be loaded and decoded. */
async function furnish(project: TestProject): Promise<void> {
  await project.send("image", { storyboardId: "one", sceneId: "one", prompt: "A lighthouse" });
  await project.run("image");
  await project.stack.sql(`
    insert into generation_jobs (queue, msg_id, status, message, asset_url, enqueued_at, finished_at)
    select queue, 100000 + n, status,
      jsonb_build_object('storyboardId', 'long', 'sceneId', 'scene-' || n, 'prompt', 'Scene ' || n),
      asset_url || '?scene=' || n, now(), now()
    from generation_jobs, generate_series(1, ${SCENES}) as n`);
}

async function open(
  browser: Browser,
  url: string,
  viewport: { width: number; height: number },
): Promise<Page> {
  const page = await browser.newPage({ viewport });
  await page.goto(`${url}/#/storyboard/long`);
  await page.locator(".card").nth(SCENES - 1).waitFor({ state: "attached" });
  return page;
}

/** In milliseconds: the times from a frame to the next, and the CPU time of the page's thread in all of them. */
interface Pass {
  frames: number[];
  cpu: number;
}

/** Scrolls a page by so many pixels, as by a wheel. */
async function scrollBy(page: Page, distance: number): Promise<Pass> {
  const { width, height } = page.viewportSize()!;
  const watched = page.evaluate(() =>
    new Promise<number[]>((resolve) => {
      const times: number[] = [];
      const watch = (time: number) => {
        times.push(time);
        if (document.documentElement.dataset.watched === "no") return resolve(times);
        requestAnimationFrame(watch);
      };
      document.documentElement.dataset.watched = "yes";
      requestAnimationFrame(watch);
    })
  );
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const cpuTime = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return 1000 * metrics.find(({ name }) => name === "TaskDuration")!.value;
  };
  const before = await cpuTime();
  await session.send("Input.synthesizeScrollGesture", {
    ...{ x: width / 2, y: height / 2, yDistance: distance, speed: SPEED },
    ...{ gestureSourceType: "mouse", preventFling: true },
  });
  const cpu = await cpuTime() - before;
  await page.evaluate(() => void (document.documentElement.dataset.watched = "no"));
  const times = await watched;
  return { frames: times.slice(1).map((time, index) => time - times[index]), cpu };
}

function row(name: string, passes: Pass[]): string[] {
  const sorted = passes.flatMap(({ frames }) => frames).toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.ceil(part * (sorted.length - 1))];
  const missed = sorted.filter((time) => time > MISSED).length / sorted.length;
  const sum = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0);
  const busy = sum(passes.map(({ cpu }) => cpu)) / sum(sorted);
  return [name, ...[at(0.5), at(0.95), at(1), 100 * missed, 100 * busy].map(short)];
}
