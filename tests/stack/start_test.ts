import { deepEqual, equal, match } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Api } from "../../cli/api.ts";
import { JobFeed } from "../../cli/feed.ts";
import { isOver, type Job, placeOf } from "../../cli/jobs.ts";
import { LineProgress } from "../../cli/terminal/progress.ts";
import { style } from "../../cli/terminal/style.ts";
import { passedOn } from "../../local/start/configuration.ts";
import { denoCommand } from "../../local/start/deno_command.ts";
import { networkSettings } from "../../local/start/network.ts";
import { openProvider } from "../../local/start/provider.ts";
import { guide, results, tally } from "../../local/start/report.ts";
import { Sample } from "../../local/start/sample.ts";
import { watch } from "../../local/start/watch.ts";
import type { Stack } from "../../local/stack/mod.ts";
import { smallStack } from "./support.ts";

const START = fileURLToPath(new URL("../../local/start.ts", import.meta.url));

function job(changes: Partial<Job>): Job {
  return {
    id: "1",
    kind: "image",
    status: "succeeded",
    storyboard_id: "sb",
    scene_id: "scene-01",
    character_id: null,
    asset_url: null,
    error_code: null,
    error_message: null,
    started_at: "2026-11-25T12:00:00.000Z",
    finished_at: "2026-11-25T12:00:01.250Z",
    ...changes,
  } as Job;
}

Deno.test("the end of all jobs is not the end while a step of the sample is sent", async () => {
  const first = job({ id: "1" });
  const second = job({ id: "2", status: "running" });
  const reads = [[first], [first, second], [first, { ...second, status: "succeeded" as const }]];
  let outstanding = 1;
  const feed = { jobs: [] as Job[], read: () => Promise.resolve(feed.jobs = reads.shift()!) };
  const sample = {
    get outstanding() {
      return outstanding;
    },
    advance: () => {
      outstanding = 0;
      return Promise.resolve([]);
    },
  };
  const progress = new LineProgress(() => {});
  const { signal } = new AbortController();
  const sleep = <T>() => Promise.resolve(undefined as T);
  const watched = { feed, sample, progress, signal, sleep };
  const jobs = await watch(watched, (jobs) => jobs.every(isOver));
  deepEqual(jobs.map(({ status }) => status), ["succeeded", "succeeded"]);
});

Deno.test("a wrong flag exits with 2 before anything is started", async () => {
  const cases: [string, RegExp][] = [
    ["--frsh", /no flag --frsh\. Did you mean --fresh\? The flags: --no-sample, /],
    // A variable that is not set must not make the caller's folder the one to clear.
    ["--data=", /--data: expected DIR, and got nothing\./],
  ];
  for (const [flag, expected] of cases) {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--quiet", START, flag],
    }).output();
    equal(code, 2);
    match(new TextDecoder().decode(stderr), expected);
    equal(new TextDecoder().decode(stdout), "");
  }
});

Deno.test("an address in the environment is used instead of the simulator", async () => {
  const provider = await openProvider(
    false,
    (name) => name === "GOOGLE_GENERATIVE_AI_BASE_URL" ? "http://127.0.0.1:9/v1beta" : undefined,
  );
  equal(provider.environment.GOOGLE_GENERATIVE_AI_BASE_URL, "http://127.0.0.1:9/v1beta");
  await provider.close();
});

Deno.test("Google is called only with a key", async () => {
  const named = await openProvider(true, () => undefined).catch((error) => error);
  match(named.message, /GOOGLE_GENERATIVE_AI_API_KEY/);
  const key = (name: string) => name === "GOOGLE_GENERATIVE_AI_API_KEY" ? "k" : undefined;
  deepEqual((await openProvider(true, key)).environment, { GOOGLE_GENERATIVE_AI_API_KEY: "k" });
  const account = { GOOGLE_SERVICE_ACCOUNT_JSON: "{}", GOOGLE_VERTEX_LOCATION: "global" };
  const vertex = (name: string) => (account as Record<string, string>)[name];
  deepEqual((await openProvider(true, vertex)).environment, account);
});

Deno.test("only the functions' own settings are passed on", () => {
  const environment: Record<string, string> = { MAX_ATTEMPTS: "2", HOME: "/", VIDEO_MODELS: "" };
  deepEqual(passedOn((name) => environment[name]), { MAX_ATTEMPTS: "2" });
});

Deno.test("the last line counts every job that did not succeed as failed", () => {
  const jobs = [
    job({ status: "succeeded" }),
    job({ status: "failed" }),
    job({ status: "cancelled" }),
  ];
  equal(tally(jobs), "jobs: 3 succeeded: 1 failed: 2");
  equal(tally([]), "jobs: 0 succeeded: 0 failed: 0");
});

Deno.test("results show the plain address, as a link in a terminal", () => {
  const done = [job({ asset_url: "http://x/a.png" })];
  match(
    results(done, style(false)),
    /image sb\/scene-01 {2}succeeded {4}1\.3s {2}http:\/\/x\/a\.png$/,
  );
  match(results(done, style(true)), /\]8;;http:\/\/x\/a\.png/);
  const hostile = results([job({ asset_url: "http://x/\x1b[2J\x9b\u202e.png" })], style(false));
  // deno-lint-ignore no-control-regex -- none of those may occur
  equal(/[\x00-\x1f\x7f-\x9f\u202e]/.test(hostile), false);
});

async function finish(stack: Stack, scene: string, status: string): Promise<void> {
  await stack.sql(
    `update public.generation_jobs set status = $2, finished_at = now(), updated_at = clock_timestamp(),
       asset_url = 'http://x/' || scene_id where scene_id = $1 and kind = 'image'`,
    [scene, status],
  );
}

Deno.test("the sample sends a job that needs an image when the image is ready", async () => {
  const stack = await smallStack();
  try {
    const feed = await JobFeed.begin(new Api(stack.url, stack.secretKey, fetch, "test"));
    const sample = await Sample.begin(stack);
    equal(sample.storyboardId, "lighthouse-01");
    await feed.read();
    deepEqual(feed.jobs.map((job) => `${job.kind} ${placeOf(job)}`), [
      "image lighthouse-01/scene-01",
      "image lighthouse-01/scene-02",
      "image lighthouse-01/scene-03",
      "image lighthouse-01/scene-04",
      "image lighthouse-01/keeper",
      "video lighthouse-01/scene-04",
    ]);
    await finish(stack, "scene-01", "succeeded");
    await finish(stack, "scene-02", "failed");
    await feed.read();
    const dropped = await sample.advance(feed.jobs);
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

Deno.test("functions that call a server outside use this machine's proxy", async () => {
  const machine: Record<string, string> = {
    HTTPS_PROXY: "http://proxy:3128",
    NO_PROXY: "internal.example",
    DENO_CERT: "/etc/company.pem",
  };
  const expected = {
    HTTPS_PROXY: "http://proxy:3128",
    DENO_CERT: "/etc/company.pem",
    // The stack is never behind the proxy.
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

Deno.test("the copy of Deno from npx does not count as installed", () => {
  const files = ["/usr/local/bin/deno", "/home/me/.npm/_npx/1/node_modules/.bin/deno"];
  const isFile = (path: string) => files.includes(path);
  equal(denoCommand("/usr/bin:/usr/local/bin", isFile), "deno");
  equal(denoCommand("/home/me/.npm/_npx/1/node_modules/.bin:/usr/bin", isFile), "npx --yes deno@2");
});

Deno.test("the lines to try can be pasted into any shell", () => {
  const address = "http://127.0.0.1:54321";
  const stack = {
    url: address,
    secretKey: "sb_secret_test",
    publishableKey: "p",
    databaseUrl: "postgresql://h",
  };
  const places = { data: "/d", envFile: "/d/.env.local" };
  const text = guide(stack, "a simulator", places, style(false), "npx --yes deno@2");
  match(text, /"http:\/\/127\.0\.0\.1:54321\/rest\/v1\/generation_jobs\?limit=3"/);
  // With the data elsewhere, `deno task sql` needs the file of this stack.
  match(
    text,
    /^ {2}npx --yes deno@2 task sql --env-file "\/d\/\.env\.local" enqueue-test-images\.sql$/m,
  );
  // All users of the machine see the arguments of a program.
  const programs = text.slice(text.indexOf("Try"));
  equal(/postgresql:|sb_secret_test/.test(programs), false, programs);

  const here = { data: ".local", envFile: ".env.local" };
  match(
    guide(stack, "a simulator", here, style(false), "deno"),
    /^ {2}deno task sql enqueue-test-images\.sql$/m,
  );
  equal(/(^|[^s] )deno (run|task)/m.test(text), false);
});
