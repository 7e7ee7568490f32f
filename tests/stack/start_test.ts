import { deepEqual, equal, match, throws } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { passedOn } from "../../local/start/configuration.ts";
import { parseFlags, UsageError } from "../../local/start/flags.ts";
import { denoCommand } from "../../local/start/deno_command.ts";
import { type Job, Ledger, now } from "../../local/start/ledger.ts";
import { networkSettings } from "../../local/start/network.ts";
import { LineProgress, LiveProgress } from "../../local/start/progress.ts";
import { openProvider } from "../../local/start/provider.ts";
import { guide, results, tally } from "../../local/start/report.ts";
import { Sample } from "../../local/start/sample.ts";
import { interval } from "../../local/start/watch.ts";
import { style } from "../../cli/terminal/style.ts";
import type { Stack } from "../../local/stack/mod.ts";
import { smallStack } from "./support.ts";

const START = fileURLToPath(new URL("../../local/start.ts", import.meta.url));

function job(changes: Partial<Job>): Job {
  return {
    id: "1",
    kind: "image",
    status: "running",
    ended: false,
    storyboardId: "sb",
    target: "scene-01",
    prompt: "a lighthouse",
    attempts: 1,
    url: null,
    seconds: 1.25,
    error: null,
    ...changes,
  };
}

Deno.test("flags are read, and what is none is named", () => {
  deepEqual(parseFlags([]), {
    fresh: false,
    sample: true,
    once: false,
    real: false,
    port: 54321,
    help: false,
  });
  const { fresh, sample, once, port } = parseFlags([
    "--fresh",
    "--no-sample",
    "--once",
    "--port=9",
  ]);
  deepEqual([fresh, sample, once, port], [true, false, true, 9]);
  equal(parseFlags(["--port", "8000"]).port, 8000);
  for (const bad of ["--frsh", "sample", "--port=x", "--port=65535", "--port", "--once=yes"]) {
    throws(() => parseFlags([bad]), UsageError, bad);
  }
});

Deno.test("a wrong flag ends the program with 2 before anything is started", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", START, "--frsh"],
  }).output();
  equal(code, 2);
  match(new TextDecoder().decode(stderr), /unknown option --frsh/);
  equal(new TextDecoder().decode(stdout), "");
});

Deno.test("an address in the environment is used instead of the simulator", async () => {
  const provider = await openProvider(
    false,
    (name) => name === "GOOGLE_GENERATIVE_AI_BASE_URL" ? "http://127.0.0.1:9/v1beta" : undefined,
  );
  equal(provider.environment.GOOGLE_GENERATIVE_AI_BASE_URL, "http://127.0.0.1:9/v1beta");
  await provider.close();
});

Deno.test("Google is spoken to only with a key", async () => {
  const named = await openProvider(true, () => undefined).catch((error) => error);
  match(named.message, /GOOGLE_GENERATIVE_AI_API_KEY/);
  const key = (name: string) => name === "GOOGLE_GENERATIVE_AI_API_KEY" ? "k" : undefined;
  deepEqual((await openProvider(true, key)).environment, { GOOGLE_GENERATIVE_AI_API_KEY: "k" });
});

Deno.test("the functions' own settings are passed on, and nothing else", () => {
  const environment: Record<string, string> = { MAX_ATTEMPTS: "2", HOME: "/", VIDEO_MODELS: "" };
  deepEqual(passedOn((name) => environment[name]), { MAX_ATTEMPTS: "2" });
});

Deno.test("without a terminal each change is a line with time, job and status", () => {
  const lines: string[] = [];
  const progress = new LineProgress((line) => lines.push(line));
  progress.show([job({ status: "queued" })]);
  progress.show([job({ status: "queued" })]);
  progress.show([job({ status: "failed", ended: true, error: "blocked" })]);
  equal(lines.length, 2);
  match(lines[0], /^\d\d:\d\d:\d\d image sb\/scene-01 queued$/);
  match(lines[1], /^\d\d:\d\d:\d\d image sb\/scene-01 failed: blocked$/);
});

Deno.test("without a terminal the reason for another attempt is shown, but not for ever", () => {
  const lines: string[] = [];
  const progress = new LineProgress((line) => lines.push(line));
  const error = `provider_unavailable: ${"so it is ".repeat(40)}`;
  progress.show([job({ status: "queued", error })]);
  progress.show([job({ status: "running", attempts: 2, error })]);
  progress.show([job({ status: "waiting", attempts: 2, error: "quota_exhausted: try later" })]);
  equal(lines.length, 3);
  match(lines[0], / queued: provider_unavailable: so it is .*…$/);
  equal(lines[0].length < 220, true);
  match(lines[1], / running \(attempt 2\)$/);
  match(lines[2], / waiting \(attempt 2\): quota_exhausted: try later$/);
});

Deno.test("in a terminal the table is drawn over itself, and messages go above it", () => {
  let screen = "";
  const progress = new LiveProgress(style(true), (text) => screen += text);
  progress.show([job({}), job({ id: "2", target: "scene-02" })]);
  screen = "";
  progress.say("a message");
  equal(screen.startsWith("\x1b[2A\x1b[0Ja message\n"), true);
  match(screen, /scene-02/);
  screen = "";
  progress.finish();
  progress.show([job({ status: "succeeded", ended: true })]);
  equal(screen.includes("\x1b[2K"), false);
});

Deno.test("the last line counts what did not succeed as failed", () => {
  const jobs = [
    job({ status: "succeeded" }),
    job({ status: "failed" }),
    job({ status: "cancelled" }),
  ];
  equal(tally(jobs), "jobs: 3 succeeded: 1 failed: 2");
  equal(tally([]), "jobs: 0 succeeded: 0 failed: 0");
});

Deno.test("results show the plain address, which a terminal can also open", () => {
  const done = [job({ status: "succeeded", ended: true, url: "http://x/a.png" })];
  match(results(done, style(false)), /image scene-01 {2}succeeded {4}1\.3s {2}http:\/\/x\/a\.png$/);
  match(results(done, style(true)), /\]8;;http:\/\/x\/a\.png/);
});

async function finish(stack: Stack, scene: string, status: string): Promise<void> {
  await stack.sql(
    `update public.generation_jobs set status = $2, finished_at = now(), updated_at = clock_timestamp(),
       asset_url = 'http://x/' || scene_id where scene_id = $1 and kind = 'image'`,
    [scene, status],
  );
}

Deno.test("the sample sends what needs an image when that image is there", async () => {
  const stack = await smallStack();
  try {
    const ledger = new Ledger(stack, await now(stack));
    const sample = await Sample.begin(stack);
    equal(sample.storyboardId, "lighthouse-01");
    const targets = async () =>
      (await ledger.read()).map(({ kind, target }) => `${kind} ${target}`);
    deepEqual(await targets(), [
      "image scene-01",
      "image scene-02",
      "image scene-03",
      "image scene-04",
      "image keeper",
      "video scene-04",
    ]);
    await finish(stack, "scene-01", "succeeded");
    await finish(stack, "scene-02", "failed");
    const dropped = await sample.advance(await ledger.read());
    match(dropped.join(), /scene-02/);
    equal(sample.outstanding, 0);
    const [{ message }] = await stack.sql<{ message: Record<string, unknown> }>(
      "select message from public.generation_jobs where scene_id = 'scene-05'",
    );
    deepEqual([message.sourceImageUrl, message.editMode], ["http://x/scene-01", true]);
    equal((await Sample.begin(stack)).storyboardId, "lighthouse-02");
  } finally {
    await stack.close();
  }
});

Deno.test("what has ended and does not change is not read again", async () => {
  const stack = await smallStack();
  try {
    const since = await now(stack);
    let rows = 0;
    const counted = {
      async sql<T>(query: string, parameters?: unknown[]) {
        const result = await stack.sql<T>(query, parameters);
        rows = result.length;
        return result;
      },
    };
    const ledger = new Ledger(counted, since);
    const send = (scene: string) =>
      stack.sql("select pgmq.send('image_generation_queue', $1)", [{ sceneId: scene }]);
    await send("one");
    await send("two");
    await finish(stack, "one", "succeeded");
    await finish(stack, "two", "succeeded");
    const targets = async () => (await ledger.read()).map((job) => `${job.target} ${job.status}`);
    deepEqual(await targets(), ["one succeeded", "two succeeded"]);
    equal(rows, 2);
    deepEqual(await targets(), ["one succeeded", "two succeeded"]);
    equal(rows, 0);
    await finish(stack, "one", "failed");
    await send("three");
    deepEqual(await targets(), ["one failed", "two succeeded", "three queued"]);
    equal(rows, 2);
    await stack.sql("select pgmq.send('image_generation_queue', $1)", [{
      storyboardId: "sb\x1b[31m",
      sceneId: "s\x07",
      prompt: "A hero\non a \u202ecliff",
    }]);
    const { storyboardId, target, prompt } = (await ledger.read()).at(-1)!;
    deepEqual([storyboardId, target, prompt], ["sb [31m", "s ", "A hero on a  cliff"]);
    await stack.sql("delete from public.generation_jobs where scene_id like 's%'");
    await stack.sql("delete from public.generation_jobs where scene_id = 'three'");
    deepEqual(await targets(), ["one failed", "two succeeded"]);
  } finally {
    await stack.close();
  }
});

Deno.test("an error is read with its code", async () => {
  const stack = await smallStack();
  try {
    const ledger = new Ledger(stack, await now(stack));
    await stack.sql("select pgmq.send('image_generation_queue', $1)", [{ sceneId: "one" }]);
    await stack.sql(
      "update public.generation_jobs set error_code = 'no_image', error_message = 'None came.'",
    );
    equal((await ledger.read())[0].error, "no_image: None came.");
  } finally {
    await stack.close();
  }
});

Deno.test("the ledger is looked at less often when nothing is under way", () => {
  equal(interval([job({ ended: true }), job({})]), 150);
  equal(interval([job({ ended: true })]), 1000);
  equal(interval([]), 1000);
});

Deno.test("functions that talk to somebody outside go through this machine's proxy", async () => {
  const machine: Record<string, string> = {
    HTTPS_PROXY: "http://proxy:3128",
    NO_PROXY: "internal.example",
    DENO_CERT: "/etc/company.pem",
  };
  const expected = {
    HTTPS_PROXY: "http://proxy:3128",
    DENO_CERT: "/etc/company.pem",
    // The stack itself is never behind the proxy.
    NO_PROXY: "internal.example,127.0.0.1,localhost",
  };
  deepEqual(networkSettings((name) => machine[name]), expected);
  deepEqual(networkSettings(() => undefined), {});
  const real = { ...machine, GOOGLE_GENERATIVE_AI_API_KEY: "k" };
  const provider = await openProvider(true, (name) => (real as Record<string, string>)[name]);
  deepEqual(provider.environment, { ...expected, GOOGLE_GENERATIVE_AI_API_KEY: "k" });
  const simulator = await openProvider(false, (name) => machine[name]);
  equal(simulator.environment.HTTPS_PROXY, undefined);
  await simulator.close();
});

Deno.test("the copy of Deno that npx brings is not one that is installed", () => {
  const files = ["/usr/local/bin/deno", "/home/me/.npm/_npx/1/node_modules/.bin/deno"];
  const isFile = (path: string) => files.includes(path);
  equal(denoCommand("/usr/bin:/usr/local/bin", isFile), "deno");
  equal(denoCommand("/home/me/.npm/_npx/1/node_modules/.bin:/usr/bin", isFile), "npx --yes deno@2");
});

Deno.test("the lines to try can be pasted into any shell", () => {
  const address = "http://127.0.0.1:54321";
  const stack = {
    url: address,
    secretKey: "s",
    publishableKey: "p",
    databaseUrl: "postgresql://h",
  };
  const places = { data: "/d", envFile: "/d/.env.local" };
  const text = guide(stack, "a simulator", places, style(false), "npx --yes deno@2");
  match(text, /"http:\/\/127\.0\.0\.1:54321\/rest\/v1\/generation_jobs\?limit=3"/);
  // With the data elsewhere, `deno task sql` has to be told of this stack.
  match(text, /^ {2}npx --yes deno@2 task sql --url "postgresql:\/\/h" enqueue-test-images\.sql$/m);
  const here = { data: ".local", envFile: ".env.local" };
  match(
    guide(stack, "a simulator", here, style(false), "deno"),
    /^ {2}deno task sql enqueue-test-images\.sql$/m,
  );
  equal(/(^|[^s] )deno (run|task)/m.test(text), false);
});
