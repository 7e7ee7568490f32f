/** That the examples work, each run as it is against a whole installation that starts its jobs itself. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { cancel, generateImage, untilEnded } from "../../examples/browser/app.ts";
import { follow, generate, type Job } from "../../examples/web-app/app.ts";
import { type Simulator, startSimulator } from "../../local/simulator/mod.ts";
import { type Stack, startStack } from "../../local/stack/mod.ts";
import { eventually } from "../support/eventually.ts";
import { isPng, object } from "../support/test_project.ts";
import { type User, WebProject } from "./web_project.ts";

const ROOT = new URL("../../", import.meta.url);
const EXAMPLES = new URL("examples/", ROOT);

/** The policy by which users see their own jobs. */
async function policy(): Promise<string> {
  const page = await Deno.readTextFile(new URL("docs/database.md", ROOT));
  const [, section] = page.split("### Following jobs as a user\n");
  return /^```sql\n(.*?)^```/ms.exec(section)![1];
}

const example = (path: string) => Deno.readTextFile(new URL(path, EXAMPLES));
const pathOf = (path: string) => fileURLToPath(new URL(path, EXAMPLES));

const ANN = user("11111111-1111-4111-8111-111111111111", "ann@example.com");
const BOB = user("22222222-2222-4222-8222-222222222222", "bob@example.com");

function user(id: string, email: string): User {
  return { id, email, password: randomBytes(12).toString("hex") };
}

const webhookSecret = `whsec_${randomBytes(32).toString("base64")}`;

let simulator: Simulator;
let stack: Stack;
let project: WebProject;

Deno.test.beforeAll(async () => {
  simulator = await startSimulator();
  stack = await startStack({
    tick: true,
    env: {
      GOOGLE_GENERATIVE_AI_API_KEY: simulator.apiKey,
      GOOGLE_GENERATIVE_AI_BASE_URL: simulator.url,
    },
  });
  project = await WebProject.start(stack, [ANN, BOB]);

  await run(await example("web-app/storyboards.sql"));
  await run(await policy());
  for (const name of ["generate_image", "my_generation_job", "cancel_my_generation_job"]) {
    await run(await example(`browser/${name}.sql`));
  }
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

/** Whether runs leave images where they are: one that is about to end still claims once more. */
const holdImages = (held: boolean) =>
  stack.sql(
    held
      ? "insert into generation_limits (model, jobs_in_flight) values ('gemini-2.5-flash-image', 0)"
      : "delete from generation_limits",
  );

async function ended(id: string, status: string): Promise<Row> {
  return await eventually(`job ${id} has ${status}`, async () => {
    const job = await row(id);
    if (job.status === status) return job;
    assert.ok(["queued", "running"].includes(job.status), `${id} has ${job.status}`);
  });
}

/** A browser in which a user has signed in. */
async function openBrowser({ email, password }: User) {
  const supabase: SupabaseClient = createClient(project.url, stack.publishableKey);
  assert.equal((await supabase.auth.signInWithPassword({ email, password })).error, null);
  return {
    supabase,
    async [Symbol.asyncDispose]() {
      await supabase.auth.stopAutoRefresh();
      await supabase.removeAllChannels();
      await supabase.realtime.disconnect();
    },
  };
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

Deno.test("a web app asks for an image, and follows the job to its end", async () => {
  Deno.env.set("SUPABASE_URL", project.url);
  Deno.env.set("SUPABASE_SECRET_KEYS", JSON.stringify({ default: stack.secretKey }));
  const { default: edgeFunction } = await import("../../examples/web-app/generate/index.ts");
  project.generate = (request) => edgeFunction.fetch(request);
  await using ann = await openBrowser(ANN);
  await using bob = await openBrowser(BOB);
  const click = {
    storyboardId: "storyboard-001",
    sceneId: "scene-001",
    prompt: "A hero on a cliff",
    requestId: crypto.randomUUID(),
  };

  await callWorkers(false);
  const id = await generate(ann.supabase, click);
  const [seen, bobs]: Job[][] = [[], []];
  const finished = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  const stop = follow(ann.supabase, id, (job) => {
    seen.push(job);
    first.resolve();
    if (job.status === "succeeded") finished.resolve();
  });
  const stopBob = follow(bob.supabase, id, (job) => bobs.push(job));
  await first.promise;
  assert.equal(seen[0].status, "queued");

  await callWorkers(true);
  assert.equal(await generate(ann.supabase, click), id, "the same click is the same job");
  await shell(await example("curl/run.sh"));
  await finished.promise;
  stop();
  stopBob();
  const { id: shown, asset_url } = seen.at(-1)!;
  assert.equal(shown, id);
  assert.ok(isPng((await object(asset_url!)).bytes));
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

Deno.test("a job that ends before Realtime streams its changes is shown as ended", async () => {
  await using ann = await openBrowser(ANN);
  await callWorkers(true);
  const id = await generate(ann.supabase, {
    storyboardId: "storyboard-001",
    sceneId: "scene-004",
    prompt: "A lake",
    requestId: crypto.randomUUID(),
  });
  project.beforeStreaming = async () => void await ended(id, "succeeded");
  const shown = Promise.withResolvers<Job>();
  const stop = follow(ann.supabase, id, (job) => job.status === "succeeded" && shown.resolve(job));
  assert.equal((await shown.promise).id, id);
  stop();
  project.beforeStreaming = () => Promise.resolve();
});

Deno.test("users send, ask and cancel by functions that check them", async () => {
  await using ann = await openBrowser(ANN);
  await using bob = await openBrowser(BOB);
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
  await holdImages(true);
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
      queue_name: "image_generation_queue",
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
  await holdImages(false);
});

Deno.test("SQL sends, asks and cancels", async () => {
  await callWorkers(false);
  const sending = await example("sql/send.sql");
  const status = await example("sql/status.sql");
  const [[once], [later], [plain]] = await run(sending);
  assert.deepEqual((await run(sending))[0], [once], "once under its key");
  assert.ok(Number(plain.send) > 0);
  const [{ priority, delayed }] = await stack.sql<{ priority: number; delayed: boolean }>(
    `select priority, (generation_job(id) ->> 'visible_at')::timestamptz > now() + interval '59 min' as delayed
     from generation_jobs where id = $1`,
    [later.job_id],
  );
  assert.deepEqual([priority, delayed], [10, true]);

  const [jobs, [shown]] = await run(status);
  assert.equal(jobs.find(({ id }) => id === once.job_id)?.status, "queued");
  assert.equal(JSON.parse(String(shown.jsonb_pretty)).idempotency_key, "order-4711/cover");
  const cancel = await example("sql/cancel.sql");
  const [[cancelled]] = await run(cancel.replaceAll("JOB-ID", String(once.job_id)));
  assert.deepEqual(cancelled.cancel_generation_job, { cancelled: true, status: "cancelled" });
  await stack.sql("select cancel_generation_job(id) from generation_jobs where status = 'queued'");
});

Deno.test("curl sends, asks, cancels, and starts a run", async () => {
  await callWorkers(false);
  const script = (name: string) => example(`curl/${name}.sh`);
  const send = await script("send");
  const [{ job_id }] = JSON.parse(await shell(send));
  assert.deepEqual(JSON.parse(await shell(send))[0].job_id, job_id, "once under its key");
  const state = async () => JSON.parse(await shell(await script("status"), { JOB_ID: job_id }));
  assert.equal((await state()).status, "queued");

  // Each answer is a JSON object; two of them one after the other.
  const [health, report] = (await shell(await script("run"))).replace(/\}\s*\{/, "}\n\0{")
    .split("\0").map((text) => JSON.parse(text));
  assert.equal(health.name, "process-image-generation");
  assert.equal(
    report.jobs.find((job: { jobId: string }) => job.jobId === job_id).outcome,
    "succeeded",
  );
  const { status, asset_url } = await state();
  assert.equal(status, "succeeded");
  await object(asset_url);

  const file = await Deno.makeTempFile({ suffix: ".png" });
  await Deno.writeFile(file, (await object(asset_url)).bytes);
  const [edit] = JSON.parse(await shell(await script("edit"), { PICTURE: file }));
  const { message } = await row(edit.job_id);
  const source = await object(message.sourceImageUrl as string);
  assert.deepEqual(source.bytes, await Deno.readFile(file));
  await shell(await script("run"));
  assert.equal((await row(edit.job_id)).status, "succeeded");

  const other = send.replace("order-4711/hero", "order-4711/other");
  const [{ job_id: unwanted }] = JSON.parse(await shell(other));
  assert.deepEqual(JSON.parse(await shell(await script("cancel"), { JOB_ID: unwanted })), {
    cancelled: true,
    status: "cancelled",
  });
  assert.equal((await row(unwanted)).status, "cancelled");
});

Deno.test("a backend sends and waits for the image", async () => {
  await callWorkers(true);
  const script = `node ${pathOf("backend/generate.mjs")}`;
  const line = await shell(script);
  const [id, status, url] = line.trim().split(" ");
  assert.equal(status, "succeeded");
  assert.equal((await row(id)).asset_url, url);
  assert.ok(isPng((await object(url)).bytes));
  assert.equal((await shell(script)).split(" ")[0], id, "once under its key");
});

Deno.test("a backend is told when the job has ended, and trusts only what is signed", async () => {
  await callWorkers(true);
  await using receiver = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", pathOf("webhook-receiver/receiver.mjs")],
    env: { WEBHOOK_SECRET: webhookSecret, PORT: "0" },
    stdout: "piped",
  }).spawn();
  const lines = receiver.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  const port = (await lines.next()).value!.trim().split(" ")[1];
  const url = `http://127.0.0.1:${port}/generation`;

  const forged = await fetch(url, { method: "POST", body: "{}" });
  await forged.body?.cancel();
  assert.equal(forged.status, 401);

  const sending = await example("webhook-receiver/send.sql");
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
