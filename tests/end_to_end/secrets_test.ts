/**
 * Every failure there is, with a marked secret in every place that one can be in, and everything
 * that is left of them looked through for the marks: logs, answers, the ledger, what is stored.
 */
import assert from "node:assert/strict";
import { type Kind, TestProject } from "../support/test_project.ts";
import { type Case, casesOf, done, NAME, VEO } from "./failure_cases.ts";
import { Gateway } from "./gateway.ts";
import { confession, found, newMarks, spellings } from "./marks.ts";

/** The codes that the core knows, from its source. */
async function allCodes(): Promise<string[]> {
  const source = await Deno.readTextFile(new URL("../../src/failure.rs", import.meta.url));
  const [, codes] = source.match(/pub enum Code \{(.*?)^ *\}/ms)!;
  return [...codes.matchAll(/^ *\w+ = "(\w+)",$/gm)].map(([, code]) => code);
}

/** A row without what its sender wrote: the message, and the columns that repeat its fields. */
function withoutMessage(row: Record<string, unknown>): Record<string, unknown> {
  const written = ["message", "storyboard_id", "scene_id", "character_id", "prompt"];
  return Object.fromEntries(Object.entries(row).filter(([name]) => !written.includes(name)));
}

Deno.test("no failure gives a secret away", async (test) => {
  const marks = newMarks();
  await using gateway = await Gateway.open(marks.secret);
  await using project = await TestProject.start({
    apiKey: marks.google,
    callerKey: marks.worker,
    env: {
      SUPABASE_URL: gateway.url,
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: marks.secret, other: marks.otherSecret }),
      SUPABASE_SERVICE_ROLE_KEY: marks.serviceRole,
      WORKER_SECRET: marks.worker,
      VIDEO_DEADLINE_MINUTES: "1",
      VIDEO_MODELS: VEO,
    },
  });
  gateway.project = { url: project.stack.url, key: project.stack.secretKey };
  const { simulator, stack } = project;
  const simulatorOrigin = new URL(simulator.url).origin;
  const answers: string[] = [];
  const put = (text: string) => answers.push(text);
  const standing: string[] = [];

  const run = async (kind: Kind, budgetSeconds?: number) => {
    const body = budgetSeconds ? JSON.stringify({ budgetSeconds }) : undefined;
    const response = await project.call(kind, { body });
    const text = await response.text();
    put(`${JSON.stringify([...response.headers])} ${text}`);
    return text;
  };

  async function play(one: Case, code: string): Promise<void> {
    const { kind, message, operation, deaths, provider, uri, budgetSeconds } = one;
    simulator.reset();
    if (provider) {
      const { drop, ...rest } = provider;
      simulator.script({
        match: { kind: operation ? "poll" : kind },
        times: "always",
        ...rest,
        ...(drop && { preset: "drop-after" }),
      });
    }
    if (uri) {
      const video = { uri: uri.replace("SIMULATOR", simulatorOrigin) };
      const body = done({ generateVideoResponse: { generatedSamples: [{ video }] } });
      simulator.script({ match: { kind: "poll" }, times: "always", body });
    }
    gateway.interfere = one.gateway ?? (() => undefined);
    const id = await project.send(kind, {
      storyboardId: project.storyboard(),
      prompt: `A hero, ${code}`,
      ...message,
    });
    if (operation) {
      await stack.sql(
        `update public.generation_jobs
         set operation = $2::jsonb, submitted_at = now() - make_interval(secs => $3)
         where id = $1`,
        [id, JSON.stringify({ model: VEO, name: NAME }), operation],
      );
    }
    if (deaths) {
      await stack.sql("update public.generation_jobs set deaths = $2 where id = $1", [id, deaths]);
    }
    const answer = await run(kind, budgetSeconds);
    gateway.interfere = () => undefined;
    if (one.unavailable) {
      assert.match(answer, new RegExp(`"code":"${code}"`), answer);
    } else {
      const job = await project.job(id);
      assert.equal(job.error_code, code, `${job.status} ${job.error_message} ${answer}`);
      assert.ok(job.error_message, "a reason is given");
    }
    const models = await stack.sql("select * from public.generation_models where state <> 'ok'");
    standing.push(...models.map((row) => JSON.stringify(row)));
    // The next case finds its models as they were, and nothing to try again in the middle of it.
    await stack.sql("select public.reset_generation_models()");
    await stack.sql(
      `update pgmq.q_${kind}_generation_queue set vt = now() + interval '1 day'`,
    );
  }

  const cases = casesOf(marks, gateway);
  // A reply is lost when the whole life of a worker is over, and quotes nothing.
  const codes = (await allCodes()).filter((code) => code !== "reply_lost");
  assert.deepEqual(Object.keys(cases).sort(), codes.sort(), "a case for every code");
  for (const [code, ones] of Object.entries(cases)) {
    for (const [index, one] of ones.entries()) {
      await test.step(`${code}, ${index + 1}`, () => play(one, code));
    }
  }

  await test.step("a poll that fails is only spoken of", async () => {
    simulator.reset();
    const body = { error: { code: 500, message: confession(marks) } };
    simulator.script({ match: { kind: "poll" }, times: "always", status: 500, body });
    const id = await project.send("video", { storyboardId: project.storyboard(), prompt: "p" });
    await run("video", 3);
    assert.equal((await project.job(id)).status, "waiting");
  });

  await test.step("a success with a key in its figures", async () => {
    simulator.reset();
    const id = await project.send("image", { storyboardId: project.storyboard(), prompt: "p" });
    const data = btoa("\x89PNG\r\n\x1a\n");
    simulator.script({
      match: { kind: "image" },
      body: {
        candidates: [{
          content: { parts: [{ text: confession(marks) }, { inlineData: { data } }] },
        }],
        usageMetadata: { totalTokenCount: 7, note: confession(marks), [marks.google]: 1 },
      },
    });
    await run("image");
    assert.equal((await project.job(id)).status, "succeeded");
  });

  await test.step("who is refused learns nothing, and health tells nothing", async () => {
    for (const headers of [{}, { apikey: `${marks.secret}x` }] as Record<string, string>[]) {
      for (const method of ["POST", "GET", "OPTIONS", "DELETE"]) {
        const response = await project.call("image", { method, headers });
        put(`${JSON.stringify([...response.headers])} ${await response.text()}`);
      }
    }
  });

  const rows = await stack.sql<Record<string, unknown>>("select * from public.generation_jobs");
  const places: Record<string, string[]> = {
    "an answer": answers,
    "a line of the log": stack.functionNames.flatMap((name) => stack.functionLogs(name)),
    "the ledger": rows.map((row) => JSON.stringify(withoutMessage(row))),
    "how a model stands": standing,
    "storage": (await stack.sql("select * from storage.objects")).map((it) => JSON.stringify(it)),
    "an entity": (await stack.sql("select * from public.kv_store_7ee7668a"))
      .map((it) => JSON.stringify(it)),
  };
  for (const [place, texts] of Object.entries(places)) {
    await test.step(`no mark is in ${place}`, () => {
      if (place !== "an entity") {
        assert.ok(texts.length > 0, "there is something to look through");
      }
      for (const text of texts) assert.deepEqual(found(marks, text), [], text);
    });
  }

  await test.step("the marks were there to be found", () => {
    const messages = rows.map((row) => JSON.stringify(row.message)).join("\n");
    const inMessages = ["sourceUser", "sourcePassword", "sourcePath", "sourceToken"];
    assert.deepEqual(found(marks, messages), inMessages);
    assert.ok(simulator.requests.every(({ key }) => key === "header"));
    for (const spelling of spellings(marks.google)) {
      assert.deepEqual(found(marks, `a ${spelling.toUpperCase()} b`), ["google"]);
    }
  });
});
