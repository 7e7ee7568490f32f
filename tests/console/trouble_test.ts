/** The console of a project that is out of reach, refuses, lacks something, or is very large. */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import type { BrowserContextOptions, Page } from "playwright-core";
import { startStack } from "../../local/stack/mod.ts";
import { portForStart } from "../support/ports.ts";
import { Console, picture, withConsole } from "./console.ts";
import { staticHost } from "./static_host.ts";

withConsole("the console says what is wrong and what to do", async (console, project, t) => {
  const { stack } = project;
  await using host = await staticHost(stack.url);
  // The stack has no key for browsers: like Supabase it refuses a secret key there, and legacy keys it has none.
  const key = stack.secretKey;
  const program = { userAgent: "no browser" };

  /** Types a key into a page of the host. */
  const type = async (page: Page, key: string) => {
    await page.getByLabel("Project URL").fill(stack.url);
    await page.getByLabel("Key").fill(key);
    await page.getByRole("button", { name: "Open" }).click();
  };
  const signIn = async (key: string, options: BrowserContextOptions = program) => {
    const page = await console.newPage(options);
    await page.goto(host.url);
    await type(page, key);
    return page;
  };

  await t.step("a typed key is for one tab, and in no address", async () => {
    await project.send("image", { storyboardId: "board", sceneId: "one", prompt: "A lighthouse" });
    await project.run("image");
    const page = await console.newPage(program);
    const context = page.context();
    const asked: string[] = [];
    context.on("request", (request) => asked.push(request.url()));
    page.on("websocket", (socket) => asked.push(socket.url()));
    const asksForIt = async (page: Page) => {
      await page.getByLabel("Key").waitFor();
      const kept = await page.evaluate(() => [sessionStorage, localStorage].map(Object.keys));
      assert.deepEqual(kept, [[], []]);
    };
    await page.goto(`${host.url}/#/storyboard/board`);
    await asksForIt(page);
    await type(page, key);
    await picture(page, '.card[aria-label="one"] img');
    await page.reload();
    await picture(page, '.card[aria-label="one"] img');

    // The rest of the page under its policy: the plots, the core, and what is sent.
    await console.goTo(page, "queue");
    await page.locator("time-plot canvas").first().waitFor();
    await console.goTo(page, "send/board");
    await page.getByLabel("Prompt").fill("A mill");
    await page.getByRole("button", { name: "Send image" }).click();
    await page.getByRole("article", { name: "scene-001" }).getByText("Queued").waitFor();

    await console.goTo(page, "batch/board");
    await page.getByLabel("Messages as JSON").fill("typed");

    const other = await context.newPage();
    await other.goto(host.url);
    await asksForIt(other);
    await page.getByRole("button", { name: "Sign out" }).click();
    await asksForIt(page);
    await page.goBack();
    await asksForIt(page);
    await page.reload();
    await asksForIt(page);

    assert.deepEqual(await context.cookies(), []);
    const ofProject = asked.filter((url) => url.startsWith(stack.url));
    assert.ok(ofProject.length > 5, "the page asks the project itself");
    assert.deepEqual(asked.filter((url) => decodeURIComponent(url).includes(key)), []);
  });

  await t.step("a wrong key", async () => {
    const page = await signIn("wrong", {});
    const alert = page.getByRole("alert");
    for (const next of [stack.publishableKey, stack.secretKey, "wrong"]) {
      await alert.getByText("The project refused the key").waitFor();
      await alert.getByText("It takes the service_role key").waitFor();
      await alert.getByText("start the console with deno task console").waitFor();
      await page.getByText("Reading…").waitFor({ state: "hidden" });
      await page.getByRole("button", { name: "Enter another key" }).click();
      await type(page, next);
    }
  });

  await t.step("a project without the migrations", async () => {
    const rename = (from: string, to: string) =>
      stack.sql(`alter function ${from} rename to ${to}`);
    await rename("generation_storyboards", "other_storyboards");
    const page = await signIn(key);
    const alert = page.getByRole("alert");
    await alert.getByText("This project lacks what the console reads").waitFor();
    await alert.getByText("Apply the migrations").waitFor();
    await alert.getByText("supabase db push").waitFor();
    await rename("other_storyboards", "generation_storyboards");
    await page.reload();
    await page.locator(".storyboards").getByText("board").waitFor();
  });

  await t.step("a project that cannot be reached", async () => {
    const page = await console.newPage(program);
    await page.route("**/rest/v1/**", (route) => route.abort());
    await page.goto(host.url);
    await type(page, key);
    const alert = page.getByRole("alert");
    await alert.getByText(`${stack.url} cannot be reached.`).waitFor();
    await alert.getByText("Check the address and your connection.").waitFor();
    await alert.getByText("The page keeps trying.").waitFor();
    await page.unroute("**/rest/v1/**");
    await page.locator(".storyboards").getByText("board").waitFor();
    await alert.waitFor({ state: "detached" });
  });

  await t.step("a core that does not load", async () => {
    const page = await console.newPage();
    await page.route("**/core/generation_queue.js", (route) => route.fulfill({ status: 404 }));
    await page.goto(`${console.url}/#/send/sb`);
    await page.getByRole("alert").getByText("Messages cannot be checked").waitFor();
    assert.ok(await page.getByRole("button", { name: "Send image" }).isDisabled());
    await console.goTo(page, "batch/sb");
    await page.getByLabel("Messages as JSON").fill('[{"sceneId": "1", "prompt": "A hero"}]');
    await page.getByRole("alert").getByText("Messages cannot be checked").waitFor();
  });

  await t.step("a thousand scenes are scrolled through", async () => {
    await project.stack.sql(`
      insert into generation_jobs (queue, msg_id, status, message, asset_url, enqueued_at, finished_at)
      select 'image_generation_queue', 100000 + n, 'succeeded',
        jsonb_build_object('storyboardId', 'long', 'sceneId', 'scene-' || n, 'prompt', 'Scene ' || n),
        'data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAAC', now(), now()
      from generate_series(1, 1000) as n`);
    const page = await console.open("#/storyboard/long");
    await page.getByRole("heading", { name: "scene-1000", exact: true }).waitFor({
      state: "attached",
    });
    assert.equal(await page.locator(".card").count(), 1000);
    // What scrolling costs: the cards that are laid out, and what is drawn again. How long a frame takes depends on
    // the machine.
    const { laidOut, changes } = await page.evaluate(scrollThrough);
    assert.ok(laidOut <= 100, `${laidOut} cards are laid out at a time`);
    assert.equal(changes, 0, "nothing is drawn again");
  });
});

/** Scrolls from the beginning of a page to its end. */
async function scrollThrough(): Promise<{ laidOut: number; changes: number }> {
  const options = { contentVisibilityAuto: true };
  const cards = [...document.querySelectorAll(".card")];
  let laidOut = 0;
  let changes = 0;
  const observer = new MutationObserver((records) => changes += records.length);
  observer.observe(document.body, { attributes: true, childList: true, subtree: true });
  for (let part = 0; part <= 20; part++) {
    scrollTo(0, document.body.scrollHeight * part / 20);
    await new Promise(requestAnimationFrame);
    laidOut = Math.max(laidOut, cards.filter((card) => card.checkVisibility(options)).length);
  }
  observer.disconnect();
  return { laidOut, changes };
}

Deno.test("a stack that is started again under an open page is found again", async () => {
  const dataDir = await Deno.makeTempDir({ prefix: "console-" });
  const options = { dataDir, functionsRoot: false as const, port: portForStart() };
  let stack = await startStack(options);
  try {
    await using console = await Console.start(stack.url);
    const page = await console.open("#/storyboard/board");
    const card = (name: string) => page.getByRole("article", { name, exact: true });
    const alert = page.getByRole("alert");
    const status = page.getByRole("status");
    const send = (sceneId: string) =>
      stack.sql("select pgmq.send('image_generation_queue', $1::jsonb)", [
        JSON.stringify({ storyboardId: "board", sceneId, prompt: "p" }),
      ]);
    await send("before");
    await card("before").getByText("Queued").waitFor();
    await stack.close();
    await alert.getByText("cannot be reached. Check the address").waitFor();
    await alert.getByText("The page keeps trying.").waitFor();
    await card("before").getByText("Queued").waitFor();
    await card("before").getByRole("button", { name: "Cancel" }).click();
    await status.getByText("cannot be reached").waitFor();

    stack = await startStack(options);
    await send("after");
    await card("after").waitFor();
    await alert.waitFor({ state: "detached" });
    await card("before").getByRole("button", { name: "Cancel" }).click();
    await status.getByText("Cancelled.").waitFor();
    await card("before").getByText("Queued").waitFor({ state: "detached" });
  } finally {
    await stack.close();
    await Deno.remove(dataDir, { recursive: true });
  }
});
