/** An outage and a refused key: all jobs wait, and all succeed afterwards. */
import assert from "node:assert/strict";
import { eventually } from "../support/eventually.ts";
import { type TestProject, withTestProject } from "../support/test_project.ts";

const MODEL = "gemini-2.5-flash-image";
const env = { IMAGE_MODELS: MODEL };

async function send(project: TestProject, count: number): Promise<void> {
  await project.stack.sql(
    `select pgmq.send('image_generation_queue', jsonb_build_object('storyboardId', 'b', 'prompt', n::text))
     from generate_series(1, $1::int) as n`,
    [count],
  );
}

/** How many jobs have each status. */
async function statuses(project: TestProject): Promise<Record<string, number>> {
  const rows = await project.stack.sql<{ status: string; jobs: number }>(
    "select status, count(*)::int as jobs from generation_jobs group by status",
  );
  return Object.fromEntries(rows.map(({ status, jobs }) => [status, jobs]));
}

/** How often a job was claimed. */
async function claims({ stack }: TestProject): Promise<number> {
  const [{ claims }] = await stack.sql<{ claims: number }>(
    "select coalesce(sum(lease_token), 0)::int as claims from generation_jobs",
  );
  return claims;
}

/** Time goes by until the rest is over; answers how long it was, in seconds. */
async function restIsOver(project: TestProject): Promise<number> {
  const [{ seconds }] = await project.stack.sql<{ seconds: number }>(
    `select extract(epoch from rests_until - updated_at)::float8 as seconds from generation_models
     where state <> 'ok'`,
  );
  await project.stack.sql(
    "update generation_models set rests_until = clock_timestamp() where state <> 'ok'",
  );
  await project.stack.sql("update pgmq.q_image_generation_queue set vt = clock_timestamp()");
  return seconds;
}

withTestProject("ten minutes of 503 with a hundred jobs", async (project) => {
  const { simulator } = project;
  simulator.script({ match: { kind: "image" }, preset: "unavailable", times: "always" });
  await send(project, 100);

  await project.run("image");
  let asked = simulator.requests.length;
  assert.deepEqual(
    [asked, await claims(project)],
    [5, 5],
    "each job in hand meets the outage once",
  );
  let minutes = 0;
  let rests = 0;
  for (; minutes < 10; rests++) {
    assert.equal((await project.run("image")).report.claimed, 0, "while the model rests");
    assert.equal(simulator.requests.length, asked);
    minutes += await restIsOver(project) / 60;
    await project.run("image");
    assert.equal(simulator.requests.length, ++asked, "one request for each rest");
  }
  assert.equal(await claims(project), asked, "no job was claimed for anything else");
  assert.ok(rests <= 8, `${rests} rests`);
  assert.deepEqual(await statuses(project), { queued: 100 });

  simulator.reset();
  await restIsOver(project);
  // A run ends before its CPU time does; the schedule would start the next one.
  while ((await statuses(project)).queued > 0) await project.run("image");
  assert.deepEqual(await statuses(project), { succeeded: 100 });
  const [{ attempts }] = await project.stack.sql<{ attempts: number }>(
    "select max(attempts) as attempts from generation_jobs",
  );
  assert.equal(attempts, 1, "the outage has used up none");
  assert.equal(simulator.accepted("image"), 100);
}, { env });

withTestProject("a refused key with sixty jobs, under the schedule", async (project) => {
  const { simulator, stack } = project;
  await project.run("image", { maxJobs: 1 }); // the database knows the models from here on
  const call = async () => {
    const [{ called }] = await stack.sql<{ called: number }>(
      "select generation_private.call_workers('image_generation_queue') as called",
    );
    return called;
  };
  const stands = async () =>
    (await stack.sql<{ state: string; troubles: number; code: string }>(
      "select state, troubles, code from generation_models",
    ))[0];

  await send(project, 60); // which calls workers
  await eventually("a refused model", async () => (await stands())?.state === "refused");
  const idle = async () => (await statuses(project)).running === undefined;
  await eventually("no running job", idle);
  const asked = simulator.requests.length;
  assert.ok(asked <= 20, `the jobs in hand of four workers: ${asked}`);
  assert.equal(await claims(project), asked, "each job in hand is refused once");
  assert.equal((await stands()).code, "api_key_invalid");
  for (let n = 0; n < 20; n++) assert.equal(await call(), 0, "no worker is called");
  assert.equal(simulator.requests.length, asked);

  await restIsOver(project);
  assert.equal(await call(), 1, "one worker is called for the probe");
  await eventually("a second refusal", async () => (await stands()).troubles === 2);
  await eventually("no running job", idle);
  assert.equal(simulator.requests.length, asked + 1);
  assert.deepEqual(await statuses(project), { queued: 60 });

  await stack.setSecrets({ GOOGLE_GENERATIVE_AI_API_KEY: simulator.apiKey });
  assert.equal(await call(), 0, "nothing but the rest says that it may be over");
  await restIsOver(project);
  assert.equal(await call(), 1);
  await eventually("the end of all jobs", async () => (await statuses(project)).succeeded === 60);
  assert.equal((await stands()).state, "ok");
  assert.equal(simulator.requests.length, asked + 61);
}, {
  env: { ...env, GOOGLE_GENERATIVE_AI_API_KEY: `revoked-${crypto.randomUUID()}` },
  stack: { tick: true, tickSeconds: 3600 },
});
