/** Pictures that are dropped, and changes that are heard. */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import type { Locator } from "playwright-core";
import { picture, withConsole } from "./console.ts";

/** A picture of one pixel. */
const PIXEL = Uint8Array.fromBase64(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
);

withConsole("pictures are dropped on scenes", async (console, project, t) => {
  for (const sceneId of ["one", "two"]) {
    await project.send("image", { storyboardId: "board", sceneId, prompt: sceneId });
  }
  await project.run("image");
  const page = await console.open("#/storyboard/board");
  const card = page.getByRole("article", { name: "two", exact: true });

  for (
    const [part, name, field] of [
      [0.1, "Edit this picture", "Source images"],
      [0.5, "First frame of a video", "First frame"],
      [0.9, "Last frame of a video", "Last frame"],
    ] as const
  ) {
    await t.step(`${name}: a picture of another card`, async () => {
      await page.goto(`${console.url}/#/storyboard/board`);
      const source = await picture(page, '.card[aria-label="one"] img');
      await drop(card, part, { url: source });
      assert.equal(await page.getByLabel(field, { exact: true }).inputValue(), source);
    });
  }

  await t.step("a link of the console is no picture", async () => {
    await page.goto(`${console.url}/#/storyboard/board`);
    await drop(card, 0.1, { url: `${console.url}/#/storyboard/board/scene/one` });
    assert.equal(new URL(page.url()).hash, "#/storyboard/board");
  });

  await t.step("a file of the operator's own is stored and becomes the source", async () => {
    await page.goto(`${console.url}/#/storyboard/board`);
    await drop(card, 0.1, { file: [...PIXEL] });
    const field = page.getByLabel("Source images", { exact: true });
    await field.waitFor();
    const stored = await fetch(await field.inputValue());
    assert.equal(stored.headers.get("content-type"), "image/png");
    assert.deepEqual(await stored.bytes(), PIXEL);
  });
});

/** Drops something on a card, at a part of its height. */
async function drop(
  card: Locator,
  part: number,
  dropped: { url?: string; file?: number[] },
): Promise<void> {
  await card.evaluate((element, { part, url, file }) => {
    const dataTransfer = new DataTransfer();
    if (url) dataTransfer.setData("text/uri-list", url);
    if (file) {
      const bytes = new Uint8Array(file);
      dataTransfer.items.add(new File([bytes], "one.png", { type: "image/png" }));
    }
    const { top, height } = element.getBoundingClientRect();
    const where = { bubbles: true, cancelable: true, clientY: top + part * height, dataTransfer };
    for (const event of ["dragover", "drop"]) element.dispatchEvent(new DragEvent(event, where));
  }, { part, ...dropped });
}

withConsole("changes are heard where Realtime is passed on", async (console, project) => {
  const page = await console.newPage();
  const joined = Promise.withResolvers<(message: unknown) => void>();
  await page.routeWebSocket(/\/realtime\/v1\/websocket/, (socket) => {
    assert.ok(!socket.url().includes("apikey"), "a key is in no address");
    const say = (message: unknown) => socket.send(JSON.stringify(message));
    socket.onMessage((text) => {
      const { topic, event, ref } = JSON.parse(String(text));
      say({ topic, event: "phx_reply", ref, payload: { status: "ok", response: {} } });
      if (event === "phx_join") joined.resolve(say);
    });
  });
  const session = { url: `${console.url}/project`, proxied: true, realtime: true };
  await page.route("**/console.json", (route) => route.fulfill({ json: session }));
  await page.addInitScript(countRequests);
  const idle = () => page.waitForFunction(() => requests.open === 0);
  await page.clock.install();
  await page.goto(`${console.url}/#/storyboard/board`);
  const say = await joined.promise;
  const payload = { extension: "postgres_changes", status: "ok", message: "Subscribed" };
  say({ topic: "realtime:console", event: "system", payload });
  await page.getByRole("heading", { name: "Nothing here yet" }).waitFor();

  // From now on time passes in the page only where the test says so.
  await page.clock.pauseAt(Date.now() + 3_600_000);
  await idle();
  await project.send("image", { storyboardId: "board", sceneId: "one", prompt: "p" });
  say({ topic: "realtime:console", event: "postgres_changes", payload: {} });
  const card = page.getByRole("article", { name: "one" });
  for (let part = 0; part < 100 && !await card.isVisible(); part++) await page.clock.runFor(100);
  await card.waitFor();

  // It may have been read before the page heard of it.
  await page.clock.runFor(2000);
  await idle();
  const before = await page.evaluate(() => requests.made);
  await page.clock.runFor(10_000);
  const after = await page.evaluate(() => requests.made);
  assert.equal(after, before, "it asks seldom, because it hears");
});

declare const requests: { made: number; open: number };

/** Counts requests for data in the page, where the clock is: one that it has made is counted. */
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
