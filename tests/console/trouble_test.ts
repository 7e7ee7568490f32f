/** The console of a project that is out of reach, refuses, lacks something, or is very large. */
/// <reference lib="dom" />
import assert from "node:assert/strict";
import { startStack } from "../../local/stack/mod.ts";
import { portForStart } from "../support/ports.ts";
import { Console, withConsole } from "./console.ts";

withConsole("the console says what is wrong and what to do", async (console, project, t) => {
  /** A page whose server knows no key, as on a static host. */
  const signIn = async (key: string, answer?: { status: number; body: unknown }) => {
    const page = await console.newPage();
    await page.route("**/console.json", (route) => route.fulfill({ status: 404 }));
    await page.route("**/rest/v1/**", (route) => {
      if (!answer) return route.abort();
      return route.fulfill({ status: answer.status, json: answer.body });
    });
    await page.goto(console.url);
    await page.getByLabel("Project URL").fill(console.url);
    await page.getByLabel("Key").fill(key);
    await page.getByRole("button", { name: "Open" }).click();
    return page;
  };

  await t.step("a wrong key", async () => {
    const page = await signIn("wrong", { status: 401, body: { message: "Invalid API key" } });
    await page.getByRole("alert").getByText("The project refused the key").waitFor();
    assert.ok(!page.url().includes("wrong"), "a key is in no address");
    assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), []);
    await page.getByText("Reading…").waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Enter another key" }).click();
    await page.getByLabel("Key").waitFor();
    assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), []);
  });

  await t.step("a project without the migrations", async () => {
    const body = { code: "PGRST202", message: "Could not find the function" };
    const page = await signIn("key", { status: 404, body });
    await page.getByRole("alert").getByText("supabase db push").waitFor();
  });

  await t.step("a project that cannot be reached", async () => {
    const page = await signIn("key");
    await page.getByRole("alert").getByText("cannot be reached").waitFor();
    await page.unroute("**/rest/v1/**");
    await page.route("**/rest/v1/**", (route) => route.fulfill({ json: [] }));
    await page.getByRole("heading", { name: "No storyboard yet" }).waitFor();
    assert.equal(await page.getByRole("alert").count(), 0);
  });

  await t.step("a core that does not load", async () => {
    const page = await console.newPage();
    await page.route("**/core/generation_queue.js", (route) => route.fulfill({ status: 404 }));
    await page.goto(`${console.url}#/send/sb`);
    await page.getByRole("alert").getByText("Messages cannot be checked").waitFor();
    assert.ok(await page.getByRole("button", { name: "Send image" }).isDisabled());
    await page.goto(`${console.url}#/batch/sb`);
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
    await page.getByRole("heading", { name: "Nothing here yet" }).waitFor();
    await stack.close();
    await page.getByRole("alert").getByText("cannot be reached").waitFor();
    stack = await startStack(options);
    const message = JSON.stringify({ storyboardId: "board", sceneId: "1", prompt: "p" });
    await stack.sql("select pgmq.send('image_generation_queue', $1::jsonb)", [message]);
    await page.getByRole("article", { name: "1", exact: true }).waitFor();
    await page.getByRole("alert").waitFor({ state: "detached" });
  } finally {
    await stack.close();
    await Deno.remove(dataDir, { recursive: true });
  }
});
