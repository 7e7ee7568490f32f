/** Videos of Vertex AI on the stack, and that neither key nor token gets into anything that is kept. */
import assert from "node:assert/strict";
import type { ScriptRule } from "../../local/simulator/mod.ts";
import { OMNI_MODEL, VERTEX_MODEL } from "../simulator/client.ts";
import {
  isMp4,
  type Message,
  object,
  type TestProject,
  withTestProject,
} from "../support/test_project.ts";
import { found, newMarks } from "./marks.ts";

const OMNI = `vertex/${OMNI_MODEL}`;
const API_KEY = `key-${crypto.randomUUID()}`;
const env = { VIDEO_MODELS: `${VERTEX_MODEL},${OMNI}` };

/** Sends a message for a video and runs; returns the job and what the function answered. */
async function video(project: TestProject, budgetSeconds = 60, wishes: Message = {}) {
  const board = { storyboardId: project.storyboard(), sceneId: "s" };
  const message = { ...board, prompt: "Lion walking", model: VERTEX_MODEL, ...wishes };
  const id = await project.send("video", message);
  const answer = await project.call("video", { body: JSON.stringify({ budgetSeconds }) });
  return { ...await project.job(id), answer: await answer.text() };
}

withTestProject("videos of Vertex AI", async (project, test) => {
  const { simulator } = project;
  const exchanges = () => simulator.requests.filter(({ kind }) => kind === "token").length;

  await test.step("one is submitted, polled, taken out of the reply and stored", async () => {
    const job = await video(project);
    assert.equal(job.status, "succeeded", job.error_message ?? "");
    assert.equal(job.model, VERTEX_MODEL);
    assert.equal(job.operation!.model, VERTEX_MODEL);
    assert.match(job.operation!.name, /^projects\/simulated-project\/locations\/us-central1\//);
    assert.equal(Number(job.cost_usd), 0.8);
    assert.ok(isMp4((await object(job.asset_url!)).bytes));
    assert.equal(simulator.accepted("video"), 1);
  });

  await test.step("Omni delivers inside of its reply there", async () => {
    const job = await video(project, 60, { model: OMNI, durationSeconds: 5 });
    assert.equal(job.status, "succeeded", job.error_message ?? "");
    assert.equal(job.model, OMNI);
    assert.ok(isMp4((await object(job.asset_url!)).bytes));
  });

  await test.step("another run has the same token", async () => {
    simulator.reset();
    await video(project);
    assert.equal(exchanges(), 0);
  });

  await test.step("one that is in a bucket is read there", async () => {
    simulator.reset();
    simulator.script({ match: { kind: "poll" }, preset: "in-bucket" });
    const job = await video(project);
    assert.equal(job.status, "succeeded", job.error_message ?? "");
    assert.ok(isMp4((await object(job.asset_url!)).bytes));
    const downloads = simulator.requests.filter(({ kind }) => kind === "download");
    assert.deepEqual([...new Set(downloads.map(({ key }) => key))], ["token"]);
  });

  await test.step("a token that is revoked in the middle is renewed once", async () => {
    simulator.reset();
    simulator.revokeTokens();
    const job = await video(project);
    assert.equal(job.status, "succeeded", job.error_message ?? "");
    assert.equal(exchanges(), 1);
    assert.equal(simulator.accepted("video"), 1);
  });

  await test.step("while the token endpoint has trouble, nothing is submitted or lost", async () => {
    simulator.reset();
    simulator.revokeTokens();
    simulator.script({ match: { kind: "token" }, times: "always", preset: "unavailable" });
    const job = await video(project);
    assert.equal(job.status, "queued", job.error_message ?? "");
    assert.equal(job.error_code, "provider_unavailable");
    assert.equal(simulator.accepted("video"), 0);
  });
}, { env });

withTestProject("a video of Vertex AI with an API key", async (project) => {
  const job = await video(project);
  assert.equal(job.status, "succeeded", job.error_message ?? "");
  const [submission, ...others] = project.simulator.requests;
  const method = "publishers/google/models/veo-3.1-fast-generate-001:predictLongRunning";
  assert.deepEqual([submission.path, submission.key], [`/v1/${method}`, "header"]);
  assert.ok(others.every(({ kind, key }) => kind === "poll" && key === "header"));
}, {
  apiKey: API_KEY,
  env: { ...env, GOOGLE_CLIENT_EMAIL: "", GOOGLE_PRIVATE_KEY: "", GOOGLE_VERTEX_API_KEY: API_KEY },
});

withTestProject("an account that Vertex AI refuses", async (project, test) => {
  const { simulator } = project;
  const denied = {
    code: 403,
    status: "PERMISSION_DENIED",
    message:
      "Vertex AI API has not been used in project simulated-project before or it is disabled.",
    details: [{
      "@type": "type.googleapis.com/google.rpc.ErrorInfo",
      reason: "SERVICE_DISABLED",
      domain: "googleapis.com",
    }],
  };
  const grant = { error: "invalid_grant", error_description: "Invalid grant: account not found" };
  const refusals: [name: string, rule: ScriptRule, code: string, said: RegExp][] = [
    [
      "it is deleted",
      { match: { kind: "token" }, status: 400, body: grant },
      "api_key_invalid",
      /deleted or disabled/,
    ],
    [
      "its project has not enabled the API",
      { match: { kind: "video" }, status: 403, body: { error: denied } },
      "account_refused",
      /has not been used in project/,
    ],
  ];
  for (const [name, rule, code, said] of refusals) {
    await test.step(`${name}: a job waits, and says why`, async () => {
      simulator.reset();
      simulator.script({ ...rule, times: "always" });
      const job = await video(project);
      assert.deepEqual([job.status, job.error_code], ["queued", code], job.error_message!);
      assert.match(job.error_message!, said);
      assert.equal(simulator.accepted("video"), 0);
      await project.stack.sql("delete from pgmq.q_video_generation_queue");
      await project.stack.sql("delete from public.generation_models");
    });
  }
}, { env });

withTestProject("what Vertex AI repeats of the sign-in", async (project, test) => {
  const marks = newMarks();
  const { simulator, stack } = project;
  const lines = simulator.vertexVariables().GOOGLE_PRIVATE_KEY.trim().split("\n");
  const said = `authorization: Bearer ${marks.accessToken} (${marks.accessToken.toUpperCase()}), ` +
    [lines.join("\n"), lines.join("\\n"), lines.slice(1, -1).join("")].join(" or ");
  const answers: string[] = [];
  for (const code of [400, 401, 403, 404, 429, 500]) {
    for (const kind of ["video", "poll"] as const) {
      await test.step(`when a ${kind} is answered with ${code}`, async () => {
        simulator.reset();
        const token = { access_token: marks.accessToken, expires_in: 3599 };
        simulator.script({ match: { kind: "token" }, times: "always", body: token });
        const body = { error: { code, message: said } };
        simulator.script({ match: { kind }, times: "always", status: code, body });
        const model = "projects/p/locations/l/publishers/google/models/m";
        simulator.script({ match: { kind: "video" }, body: { name: `${model}/operations/o` } });
        answers.push((await video(project, 2)).answer);
        await stack.sql("delete from pgmq.q_video_generation_queue");
        await stack.sql("delete from public.generation_models");
      });
    }
  }
  await test.step("is in no log, answer or row", async () => {
    const rows = await stack.sql("select * from public.generation_jobs");
    const logs = stack.functionNames.flatMap((name) => stack.functionLogs(name));
    const texts = [...answers, ...logs, ...rows.map((row) => JSON.stringify(row))];
    assert.ok(texts.some((text) => text.includes("authorization: Bearer")), "it was repeated");
    for (const text of texts) {
      assert.deepEqual(found(marks, text), [], text);
      for (const line of lines.slice(1, -1)) assert.ok(!text.includes(line), text);
    }
  });
}, { env });
