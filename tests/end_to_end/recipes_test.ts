/**
 * That what docs/recipes.md shows works: each of its blocks is taken from the page and run against a
 * whole installation that starts its jobs by itself.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SupabaseClient } from "@supabase/supabase-js";
import { type Simulator, startSimulator } from "../../local/simulator/mod.ts";
import { type Stack, startStack } from "../../local/stack/mod.ts";
import { isPng, object } from "./studio.ts";
import { type User, WebProject } from "./web_project.ts";

const ROOT = new URL("../../", import.meta.url);
const RECIPES = await Deno.readTextFile(new URL("docs/recipes.md", ROOT));
const DATABASE = await Deno.readTextFile(new URL("docs/database.md", ROOT));

/** The code of one language below a heading, up to the next heading. */
function blocks(language: string, heading?: string, page = RECIPES): string[] {
  const parts = page.split(/^#+ (.*)\n/m);
  const part = heading === undefined ? parts[2] : parts[parts.indexOf(heading) + 1];
  const fence = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms");
  return [...part.matchAll(fence)].map(([, code]) => code);
}

const ANN = user("11111111-1111-4111-8111-111111111111", "ann@example.com");
const BOB = user("22222222-2222-4222-8222-222222222222", "bob@example.com");

function user(id: string, email: string): User {
  return { id, email, password: randomBytes(12).toString("hex") };
}

const webhookSecret = `whsec_${randomBytes(32).toString("base64")}`;

let simulator: Simulator;
let stack: Stack;
let project: WebProject;
let folder: string;

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir({ prefix: "recipes-" });
  simulator = await startSimulator();
  stack = await startStack({
    sqlPort: false,
    tick: true,
    env: {
      GOOGLE_GENERATIVE_AI_API_KEY: simulator.apiKey,
      GOOGLE_GENERATIVE_AI_BASE_URL: simulator.url,
    },
  });
  project = await WebProject.start(stack, [ANN, BOB]);

  const [storyboards] = blocks("sql");
  const [status, ...functions] = [
    ...blocks("sql", "The browser"),
    ...blocks("sql", "Users who send from the browser"),
  ];
  const [perUser] = blocks("sql", "Let users follow their jobs", DATABASE);
  for (const script of [storyboards, perUser, status, ...functions]) await run(script);
  await stack.sql("insert into storyboards values ('storyboard-001', $1), ('bobs', $2)", [
    ANN.id,
    BOB.id,
  ]);
  await stack.sql("update generation_webhook_settings set local_receivers = true");
  await stack.sql("select vault.create_secret($1, 'webhook_secret')", [webhookSecret]);
});

Deno.test.afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await stack.close();
  await simulator.close();
  await Deno.remove(folder, { recursive: true });
});

/** Runs a script statement by statement; the rows of each. */
async function run(script: string): Promise<Record<string, unknown>[][]> {
  const statements = script.replaceAll(/^\s*--.*\n/gm, "")
    .match(/(?:\$\$.*?\$\$|[^;])+;/gs) ?? [];
  const results = [];
  for (const statement of statements) {
    results.push(await stack.sql<Record<string, unknown>>(statement));
  }
  return results;
}

interface Row {
  status: string;
  owner: string | null;
  asset_url: string;
  message: Record<string, unknown>;
}

async function row(id: string): Promise<Row> {
  const [row] = await stack.sql<Row>("select * from generation_jobs where id = $1", [id]);
  return row;
}

async function count(): Promise<number> {
  const [{ jobs }] = await stack.sql<{ jobs: number }>(
    "select count(*)::int as jobs from generation_jobs",
  );
  return jobs;
}

/** Whether workers are called for what is sent. */
const callWorkers = (called: boolean) =>
  stack.sql("update generation_worker_settings set most_workers = $1", [called ? 4 : 0]);

async function ended(id: string, status: string): Promise<Row> {
  for (;;) {
    const job = await row(id);
    if (job.status === status) return job;
    assert.ok(["queued", "running"].includes(job.status), `${id} has ${job.status}`);
    await new Promise((turn) => setTimeout(turn, 10));
  }
}

let files = 0;

/** Writes a block where it can be imported and run; `ending` chooses the language. */
async function file(code: string, ending: string): Promise<string> {
  const path = join(folder, `${++files}.${ending}`);
  await Deno.writeTextFile(path, code);
  return path;
}

/** The block that shows the browser's side of the web app, in a browser of its own. */
async function openApp(user: User) {
  const [code] = blocks("ts", "The browser");
  const filled = code
    .replace("https://PROJECT_REF.supabase.co", project.url)
    .replace("YOUR_PUBLISHABLE_KEY", stack.publishableKey);
  const app = await import(await file(filled, "ts"));
  const supabase: SupabaseClient = app.supabase;
  const { email, password } = user;
  assert.equal((await supabase.auth.signInWithPassword({ email, password })).error, null);
  return {
    supabase,
    generate: app.generate as (request: Record<string, string>) => Promise<string>,
    follow: app.follow as (id: string, show: (job: Record<string, string>) => void) => () => void,
    async [Symbol.asyncDispose]() {
      await supabase.auth.stopAutoRefresh();
      await supabase.removeAllChannels();
      await supabase.realtime.disconnect();
    },
  };
}

/** Lets a block of the page be called. */
async function imported(heading: string, index: number) {
  return await import(await file(blocks("ts", heading)[index], "ts"));
}

async function shell(script: string, env: Record<string, string> = {}) {
  const { stdout, stderr, success } = await new Deno.Command("bash", {
    args: ["-euo", "pipefail", "-c", script],
    env: { SUPABASE_URL: stack.url, SUPABASE_SECRET_KEY: stack.secretKey, ...env },
  }).output();
  const [text, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.ok(success, text + errors);
  return text;
}

Deno.test("the TypeScript of the page has the types of supabase-js", async () => {
  const headings = ["The function", "The browser", "Users who send from the browser"];
  const codes = headings.flatMap((heading) => blocks("ts", heading));
  assert.equal(codes.length, 4);
  const paths = await Promise.all(codes.map((code) => file(code, "ts")));
  const config = fileURLToPath(new URL("deno.json", ROOT));
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", `--config=${config}`, ...paths],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
});

Deno.test("a web app asks for an image, and follows the job to its end", async () => {
  Deno.env.set("SUPABASE_URL", project.url);
  Deno.env.set("SUPABASE_SECRET_KEYS", JSON.stringify({ default: stack.secretKey }));
  const { default: generate } = await imported("The function", 0);
  project.generate = (request) => generate.fetch(request);
  await using ann = await openApp(ANN);
  await using bob = await openApp(BOB);
  const click = {
    storyboardId: "storyboard-001",
    sceneId: "scene-001",
    prompt: "A hero on a cliff",
    requestId: crypto.randomUUID(),
  };

  await callWorkers(false);
  const id = await ann.generate(click);
  const [seen, bobs]: Record<string, string>[][] = [[], []];
  const finished = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  const stop = ann.follow(id, (job) => {
    seen.push(job);
    first.resolve();
    if (job.status === "succeeded") finished.resolve();
  });
  bob.follow(id, (job) => bobs.push(job));
  await first.promise;
  assert.equal(seen[0].status, "queued");

  await callWorkers(true);
  assert.equal(await ann.generate(click), id, "the same click is the same job");
  await shell(blocks("sh", "curl").at(-1)!);
  await finished.promise;
  stop();
  const { id: shown, asset_url } = seen.at(-1)!;
  assert.equal(shown, id);
  assert.ok(isPng((await object(asset_url)).bytes));
  assert.deepEqual(bobs, [], "another user hears nothing");
  assert.equal((await row(id)).owner, ANN.id);

  const refused = async (request: Record<string, string>, app = ann) => {
    const { data, error } = await app.supabase.functions.invoke("generate", { body: request });
    assert.equal(data, null);
    const response: Response = error.context;
    await response.body?.cancel();
    return response.status;
  };
  const jobs = await count();
  assert.equal(await refused({ ...click, prompt: "Another" }), 409);
  assert.equal(await refused({ ...click, storyboardId: "bobs" }), 404);
  assert.equal(await refused(click, bob), 404);
  assert.equal(await refused({ ...click, requestId: "x".repeat(256) }), 400);
  for (const token of [stack.publishableKey, "a.b.c", ""]) {
    const headers = { authorization: `Bearer ${token}` };
    const body = JSON.stringify(click);
    const url = `${project.url}/functions/v1/generate`;
    const response = await fetch(url, { method: "POST", headers, body });
    await response.body?.cancel();
    assert.equal(response.status, 401, token);
  }
  assert.equal(await count(), jobs);

  const url = `${project.url}/functions/v1/generate`;
  const preflight = await fetch(url, { method: "OPTIONS" });
  assert.equal(preflight.headers.get("access-control-allow-origin"), "*");
});

Deno.test("users send, ask and cancel by functions that check them", async () => {
  const { untilEnded } = await imported("The browser", 1);
  const { generateImage, cancel } = await imported("Users who send from the browser", 0);
  await using ann = await openApp(ANN);
  await using bob = await openApp(BOB);
  const scene = { storyboard_id: "storyboard-001", scene_id: "scene-002" };
  const send = (app: { supabase: SupabaseClient }, key: string, board = scene) =>
    generateImage(app.supabase, board, "A dragon", key) as Promise<string>;

  const id = await send(ann, "click-1");
  const job = await untilEnded(ann.supabase, id, 20);
  assert.equal(job.status, "succeeded");
  assert.ok(isPng((await object(job.asset_url)).bytes));
  assert.equal((await row(id)).owner, ANN.id);
  assert.equal(await send(ann, "click-1"), id);

  await callWorkers(false);
  const bobs = { storyboard_id: "bobs", scene_id: "scene-002" };
  const other = await send(bob, "click-1", bobs);
  assert.notEqual(other, id, "a key belongs to its user");
  await assert.rejects(untilEnded(ann.supabase, other, 20), /no such job/);
  assert.equal(await cancel(ann.supabase, other), false);
  assert.equal((await row(other)).status, "queued");
  assert.equal(await cancel(bob.supabase, other), true);
  assert.equal((await row(other)).status, "cancelled");

  const before = await count();
  await assert.rejects(send(bob, "click-2"), { code: "42501" }, "not his storyboard");
  await assert.rejects(generateImage(ann.supabase, scene, "", "click-3"), { code: "22023" });
  for (const name of ["generate_image", "cancel_my_generation_job", "my_generation_job"]) {
    const [{ parameters }] = await stack.sql<{ parameters: string[] }>(
      "select proargnames as parameters from pg_proc where proname = $1",
      [name],
    );
    const args = Object.fromEntries(parameters.map((parameter) => [parameter, null]));
    const response = await fetch(`${stack.url}/rest/v1/rpc/${name}`, {
      method: "POST",
      headers: { apikey: stack.publishableKey, "content-type": "application/json" },
      body: JSON.stringify(args),
    });
    assert.equal((await response.json()).code, "42501", `${name} is for users`);
  }
  assert.equal(await count(), before);

  const pretending = { ...scene, prompt: "p", request_id: "click-4" };
  const attempts: [name: string, args: Record<string, unknown>][] = [
    ["generate_image", { ...pretending, owner: BOB.id }],
    ["enqueue_generation_job", {
      queue: "image_generation_queue",
      message: { storyboardId: "bobs", prompt: "p", owner: BOB.id },
    }],
    ["cancel_generation_job", { job_id: other }],
    ["generation_job", { job_id: other }],
  ];
  for (const [name, args] of attempts) {
    const { data, error } = await ann.supabase.rpc(name, args);
    assert.equal(data, null);
    assert.match(error?.code ?? "", /^(42501|PGRST202)$/, name);
  }
  assert.equal(await count(), before);

  for (let click = 1; click <= 20; click++) await send(ann, `many-${click}`);
  await assert.rejects(send(ann, "many-21"), { code: "PT429" });
  assert.equal(await count(), before + 20);
  const again = await send(ann, "many-20");
  assert.equal(await cancel(ann.supabase, again), true);
  await send(ann, "many-21");
  const owners = await stack.sql<{ owner: string }>(
    "select distinct owner from generation_jobs where message ->> 'prompt' = 'A dragon' order by 1",
  );
  assert.deepEqual(owners.map(({ owner }) => owner), [ANN.id, BOB.id]);
  await stack.sql("select cancel_generation_job(id) from generation_jobs where status = 'queued'");
});

Deno.test("SQL enqueues, looks and cancels", async () => {
  await callWorkers(false);
  const [sending, looking] = blocks("sql", "SQL");
  const [[once], [later], [plain]] = await run(sending);
  assert.deepEqual((await run(sending))[0], [once], "once under its key");
  assert.ok(Number(plain.send) > 0);
  const [{ priority, delayed }] = await stack.sql<{ priority: number; delayed: boolean }>(
    `select priority, (generation_job(id) ->> 'visible_at')::timestamptz > now() + interval '59 min' as delayed
     from generation_jobs where id = $1`,
    [later.job_id],
  );
  assert.deepEqual([priority, delayed], [10, true]);

  const [[stands], [shown], [cancelled]] = await run(
    looking.replaceAll("JOB-ID", String(once.job_id)),
  );
  assert.equal(stands.status, "queued");
  assert.equal(JSON.parse(String(shown.jsonb_pretty)).idempotency_key, "order-4711/cover");
  assert.deepEqual(cancelled.cancel_generation_job, { cancelled: true, status: "cancelled" });
  await stack.sql("select cancel_generation_job(id) from generation_jobs where status = 'queued'");
});

Deno.test("curl enqueues, looks, cancels, and starts a run", async () => {
  await callWorkers(false);
  const [enqueue, look, cancel, functions] = blocks("sh", "curl");
  const [{ job_id }] = JSON.parse(await shell(enqueue));
  assert.deepEqual(JSON.parse(await shell(enqueue))[0].job_id, job_id, "once under its key");
  const env = { JOB_ID: job_id };
  assert.equal(JSON.parse(await shell(look, env)).status, "queued");

  // Each answer is a JSON object; two of them one after the other.
  const [health, report] = (await shell(functions)).replace(/\}\s*\{/, "}\n\0{").split("\0")
    .map((text) => JSON.parse(text));
  assert.equal(health.name, "process-image-generation");
  assert.equal(
    report.jobs.find((job: { jobId: string }) => job.jobId === job_id).outcome,
    "succeeded",
  );
  const { status, asset_url } = JSON.parse(await shell(look, env));
  assert.equal(status, "succeeded");
  await object(asset_url);

  const other = enqueue.replace("order-4711/hero", "order-4711/other");
  const [{ job_id: unwanted }] = JSON.parse(await shell(other));
  assert.deepEqual(JSON.parse(await shell(cancel, { JOB_ID: unwanted })), {
    cancelled: true,
    status: "cancelled",
  });
  assert.equal((await row(unwanted)).status, "cancelled");
});

Deno.test("a backend enqueues and waits for the image", async () => {
  await callWorkers(true);
  const [code] = blocks("js", "A backend");
  const script = await file(code, "mjs");
  const line = await shell(`node ${script}`);
  const [id, status, url] = line.trim().split(" ");
  assert.equal(status, "succeeded");
  assert.equal((await row(id)).asset_url, url);
  assert.ok(isPng((await object(url)).bytes));
  assert.equal((await shell(`node ${script}`)).split(" ")[0], id, "once under its key");
});

Deno.test("a backend is told when the job has ended, and trusts only what is signed", async () => {
  await callWorkers(true);
  const heading = "Being told when a job has ended";
  const [code] = blocks("js", heading);
  const config = fileURLToPath(new URL("deno.json", ROOT));
  await using receiver = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", `--config=${config}`, await file(code, "mjs")],
    env: { WEBHOOK_SECRET: webhookSecret, PORT: "0" },
    stdout: "piped",
  }).spawn();
  const lines = receiver.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  const port = (await lines.next()).value!.trim().split(" ")[1];
  const url = `http://127.0.0.1:${port}/generation`;

  const forged = await fetch(url, { method: "POST", body: "{}" });
  await forged.body?.cancel();
  assert.equal(forged.status, 401);

  const [sending] = blocks("sql", heading);
  const [[{ job_id }]] = await run(sending.replace("https://hooks.example.com/generation", url));
  const { asset_url } = await ended(String(job_id), "succeeded");
  const [webhook, ...told] = (await lines.next()).value!.trim().split(" ");
  assert.deepEqual(told, ["generation.succeeded", job_id, asset_url]);
  const [{ id }] = await stack.sql<{ id: string }>(
    "select id from generation_webhooks where job_id = $1",
    [job_id],
  );
  assert.equal(webhook, id);
  receiver.kill();
});
