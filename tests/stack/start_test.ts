import { deepEqual, equal, match, throws } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { passedOn } from "../../local/start/configuration.ts";
import { parseFlags, UsageError } from "../../local/start/flags.ts";
import { type Job, jobsSince, now } from "../../local/start/ledger.ts";
import { LineProgress, LiveProgress } from "../../local/start/progress.ts";
import { openProvider } from "../../local/start/provider.ts";
import { results, tally } from "../../local/start/report.ts";
import { Sample } from "../../local/start/sample.ts";
import { style } from "../../local/terminal/style.ts";
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
    `update public.generation_jobs set status = $2, finished_at = now(),
       asset_url = 'http://x/' || scene_id where scene_id = $1 and kind = 'image'`,
    [scene, status],
  );
}

Deno.test("the sample sends what needs an image when that image is there", async () => {
  const stack = await smallStack({ sqlPort: false });
  try {
    const since = await now(stack);
    const sample = await Sample.begin(stack);
    equal(sample.storyboardId, "lighthouse-01");
    const targets = async () =>
      (await jobsSince(stack, since)).map(({ kind, target }) => `${kind} ${target}`);
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
    const dropped = await sample.advance(await jobsSince(stack, since));
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
