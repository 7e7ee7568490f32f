/** Pictures that are asked for and dropped, and changes that are heard. */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Locator } from "playwright-core";
import { answered, picture, withConsole } from "./console.ts";

/** A picture of one pixel. */
const PIXEL = Uint8Array.fromBase64(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
);

withConsole("pictures are dropped on scenes", async (console, project, t) => {
  for (const sceneId of ["one", "two"]) {
    await project.send("image", { storyboardId: "board", sceneId, prompt: sceneId });
  }
  await project.run("image");
  const page = await console.open();
  const visit = async (address: string, heading: string) => {
    await console.goTo(page, address);
    await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
  };
  const card = page.getByRole("article", { name: "two", exact: true });

  const ZONES = [
    [0.1, "Edit this picture", "Source images"],
    [0.5, "First frame of a video", "First frame"],
    [0.9, "Last frame of a video", "Last frame"],
  ] as const;
  for (const [part, name, field] of ZONES) {
    const chosen = () => page.getByLabel(field, { exact: true }).inputValue();

    await t.step(`${name}: a picture of another card`, async () => {
      await visit("storyboard/board", "board");
      const source = await picture(page, '.card[aria-label="one"] img');
      await drag(page.locator('.card[aria-label="one"] img'), card, part, name);
      assert.equal(await chosen(), source);
    });

    await t.step(`${name}: a version of the scene`, async () => {
      await visit("storyboard/board/scene/one", "one");
      const source = await picture(page, ".version img");
      // What is above it has its height.
      await picture(page, ".current img");
      await drag(page.locator(".version img"), page.locator(".stage"), part, name);
      assert.equal(await chosen(), source);
    });
  }

  await t.step("a link of the console is no picture", async () => {
    await visit("storyboard/board", "board");
    await drag(page.getByRole("heading", { name: "one" }).getByRole("link"), card, 0.1);
    assert.equal(new URL(page.url()).hash, "#/storyboard/board");
  });

  await t.step("a file of the operator's own is stored and becomes the source", async () => {
    await visit("storyboard/board", "board");
    await drop(card, 0.1, { files: 1 });
    const field = page.getByLabel("Source images", { exact: true });
    await field.waitFor();
    const stored = await fetch(await field.inputValue());
    assert.equal(stored.headers.get("content-type"), "image/png");
    assert.deepEqual(await stored.bytes(), PIXEL);
  });

  const said = (text: string) => page.getByRole("status").getByText(text).waitFor();
  await t.step("of several files a card takes all to edit, and one as a frame", async () => {
    await console.goTo(page, "storyboard/board");
    await drop(card, 0.1, { files: 3 });
    await said("3 pictures are stored.");
    const sources = page.getByLabel("Source images", { exact: true });
    assert.equal(new Set((await sources.inputValue()).split("\n")).size, 3);
    await console.goTo(page, "storyboard/board");
    await drop(card, 0.9, { files: 3 });
    await said("1 picture is stored. There is a place for one picture: 2 others left out.");
    const last = page.getByLabel("Last frame", { exact: true });
    assert.match(await last.inputValue(), /^http\S+\.png$/);
  });

  await t.step(
    "a field takes the pictures that are dropped on it, another says which does",
    async () => {
      await console.goTo(page, "send/board");
      const prompt = page.getByLabel("Prompt");
      const mode = (name: string) =>
        page.getByRole("group", { name: "What to make" }).getByRole("button", { name, exact: true })
          .click();
      await drop(prompt, 0.5, { files: 1 });
      await said("Nothing was taken: choose Edit or Animate, which take pictures.");
      await mode("Edit");
      await drop(prompt, 0.5, { files: 1 });
      await said("Nothing was taken: drop a picture on Source images.");
      const sources = page.getByLabel("Source images", { exact: true });
      await drop(sources, 0.5, { url: "https://a.example/1.png\nhttps://a.example/2.png" });
      await drop(sources, 0.5, { files: 2 });
      await said("2 pictures are stored.");
      const lines = (await sources.inputValue()).split("\n");
      assert.deepEqual(lines.slice(0, 2), ["https://a.example/1.png", "https://a.example/2.png"]);
      assert.equal((await fetch(lines[3])).headers.get("content-type"), "image/png");
      assert.equal(lines.length, 4);
      await mode("Animate");
      await drop(page.getByLabel("First frame", { exact: true }), 0.5, { files: 2 });
      await said("There is a place for one picture: 1 other left out.");
      await page.getByRole("textbox", { name: "Storyboard" }).fill("");
      await drop(page.getByLabel("Last frame", { exact: true }), 0.5, { files: 1 });
      await said("Nothing was stored: name the storyboard first.");
    },
  );

  await t.step("a field takes files that are chosen, as on a phone", async () => {
    await console.goTo(page, "send/phone");
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    const file = { name: "own.png", mimeType: "image/png", buffer: Buffer.from(PIXEL) };
    await page.getByLabel("Your own pictures for Source images").setInputFiles([file, file]);
    await said("2 pictures are stored.");
    const sources = page.getByLabel("Source images", { exact: true });
    assert.equal((await sources.inputValue()).split("\n").length, 2);
    await page.getByRole("button", { name: "Animate", exact: true }).click();
    await page.getByLabel("A picture of your own for First frame").setInputFiles(file);
    await said("1 picture is stored.");
    const first = await page.getByLabel("First frame", { exact: true }).inputValue();
    assert.deepEqual(await (await fetch(first)).bytes(), PIXEL);
  });

  const boards = { small: "small where Storage makes them so", plain: "whole where it does not" };
  for (const [board, how] of Object.entries(boards)) {
    await t.step(`pictures are asked for when they come near, ${how}`, async () => {
      const asked = new Set<string>();
      await page.route(`https://${board}.example/**`, (route) => {
        const { pathname, search } = new URL(route.request().url());
        asked.add(pathname + search);
        const isSmall = pathname.startsWith("/storage/v1/render/image/");
        if (isSmall && board === "plain") return route.fulfill({ status: 400 });
        return route.fulfill({ contentType: "image/png", body: Buffer.from(PIXEL) });
      });
      await project.stack.sql(scenesWithPictures(board));
      await console.goTo(page, `storyboard/${board}`);
      const form = board === "small"
        ? (scene: number) =>
          `/storage/v1/render/image/public/${board}/${scene}.png?width=960&resize=contain`
        : (scene: number) => `/storage/v1/object/public/${board}/${scene}.png`;
      const shown = async (scene: number) => {
        assert.equal(
          await picture(page, `.card[aria-label="${scene}"] img[src$="${form(scene)}"]`),
          `https://${board}.example${form(scene)}`,
        );
      };
      await shown(1);
      const near = [...asked].length;
      assert.ok(near < 200, `${near} of ${SCENES} pictures are asked for`);
      assert.ok(![...asked].some((path) => path.includes(`/${SCENES}.png`)));
      await page.getByRole("article", { name: `${SCENES}`, exact: true }).scrollIntoViewIfNeeded();
      await shown(SCENES);
      const last = [...asked].filter((path) => path.includes(`/${SCENES}.png`));
      assert.deepEqual(last, [form(SCENES)]);
    });
  }
});

/** How many scenes a storyboard has of which only some are near. */
const SCENES = 300;

/** Scenes of a hosted project, whose Storage may make small pictures. */
function scenesWithPictures(board: string): string {
  return `
    insert into generation_jobs (queue, msg_id, status, message, asset_url, enqueued_at, finished_at)
    select 'image_generation_queue', 100000 + n, 'succeeded',
      jsonb_build_object('storyboardId', '${board}', 'sceneId', n::text, 'prompt', 'Scene'),
      'https://${board}.example/storage/v1/object/public/${board}/' || n || '.png', now(), now()
    from generate_series(1, ${SCENES}) as n`;
}

/** Drops something on an element, at a part of its height: what an address leads to, or files of the operator's own. */
async function drop(
  target: Locator,
  part: number,
  dropped: { url?: string; files?: number },
): Promise<void> {
  await target.evaluate((element, { part, url, files = 0, pixel }) => {
    const dataTransfer = new DataTransfer();
    if (url) dataTransfer.setData("text/uri-list", url);
    for (let file = 0; file < files; file++) {
      const bytes = new Uint8Array(pixel);
      dataTransfer.items.add(new File([bytes], `${file}.png`, { type: "image/png" }));
    }
    const { top, height } = element.getBoundingClientRect();
    const where = { bubbles: true, cancelable: true, clientY: top + part * height, dataTransfer };
    for (const event of ["dragover", "drop"]) element.dispatchEvent(new DragEvent(event, where));
  }, { part, ...dropped, pixel: [...PIXEL] });
}

/** Drags something by the mouse onto a part of the height of something else, which says meanwhile what it would become. */
async function drag(from: Locator, onto: Locator, part: number, said?: string): Promise<void> {
  const { mouse } = from.page();
  await from.hover();
  await mouse.down();
  const { x, y, width, height } = (await onto.boundingBox())!;
  // Only what is in view can be dropped on.
  const [top, bottom] = [Math.max(y, 0), Math.min(y + height, from.page().viewportSize()!.height)];
  await mouse.move(x + width / 2, top + part * (bottom - top), { steps: 20 });
  const says = await onto.getAttribute("data-drop");
  await mouse.up();
  if (said) assert.equal(says, said);
}

withConsole("changes are heard where Realtime is passed on", async (console) => {
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
  await page.clock.install();
  await page.goto(`${console.url}/#/storyboard/board`);
  const say = await joined.promise;
  const payload = { extension: "postgres_changes", status: "ok", message: "Subscribed" };
  say({ topic: "realtime:console", event: "system", payload });
  await page.getByRole("heading", { name: "Nothing here yet" }).waitFor();

  // From now on time passes in the page only where the test says so.
  await page.clock.pauseAt(Date.now() + 3_600_000);
  await answered(page);
  const other = await console.open("#/send/board");
  await other.getByLabel("Prompt").fill("A mill");
  await other.getByRole("button", { name: "Send image" }).click();
  const [shown, elsewhere] = [page, other].map((browser) =>
    browser.getByRole("article", { name: "scene-001" })
  );
  await elsewhere.getByText("Queued").waitFor();
  assert.ok(!await shown.isVisible(), "it has not asked");
  say({ topic: "realtime:console", event: "postgres_changes", payload: {} });
  for (let part = 0; part < 100 && !await shown.isVisible(); part++) {
    await page.clock.runFor(100);
    // How long an answer takes is the machine's time, not that of the page.
    await answered(page);
  }
  const [main, mainElsewhere] = [page, other].map((browser) => browser.locator("main").innerText());
  assert.equal(await main, await mainElsewhere);

  // It may have been read before the page heard of it.
  await page.clock.runFor(2000);
  const before = await answered(page);
  await page.clock.runFor(10_000);
  assert.equal(await answered(page), before, "it asks seldom, because it hears");
});
