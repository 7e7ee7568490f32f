/** Maintenance: the database calls a worker for it although no message is on the queue. */
import assert from "node:assert/strict";
import type { Stack } from "../../local/stack/mod.ts";
import { eventually } from "../support/eventually.ts";
import { object, TestProject } from "../support/test_project.ts";

interface Job {
  id: string;
  operation: { name: string };
}

const CONFIRMED = "status = 'succeeded' and id not in (select job_id from generation_publications)";

/** The job, as soon as it is as described. */
const untilJob = (stack: Stack, condition: string) =>
  eventually(`a job of which ${condition}`, async () => {
    const [job] = await stack.sql<Job>(`select * from generation_jobs where ${condition}`);
    return job;
  });

const send = (stack: Stack, kind: "image" | "video", message: Record<string, string>) =>
  stack.sql("select pgmq.send($1, $2::jsonb)", [
    `${kind}_generation_queue`,
    JSON.stringify(message),
  ]);

Deno.test("a cancelled video is cancelled at the provider, with nothing on the queue", async () => {
  await using project = await TestProject.start({
    stack: { tick: true, tickSeconds: 3600 }, // the cancellation itself calls the worker
    simulator: { videoDelayMs: 3_600_000 },
    env: { WORKER_BUDGET_SECONDS: "1" },
  });
  const { stack, simulator } = project;
  await send(stack, "video", {
    storyboardId: "sb",
    prompt: "A hero on a cliff",
    model: "gemini-omni-1.1-flash",
  });
  const { id, operation } = await untilJob(stack, "status = 'waiting'");
  // A run asks for cancelled operations once more at its end; this one has ended.
  await eventually(
    "the end of the run",
    () =>
      stack.functionLogs("process-video-generation").find((line) => line.includes("Run finished")),
  );
  const visible = await stack.sql("select from pgmq.q_video_generation_queue where vt <= now()");
  assert.equal(visible.length, 0);
  await stack.sql("select cancel_generation_job($1)", [id]);

  const cancellation = await eventually(
    "a cancellation",
    () => simulator.requests.find(({ kind }) => kind === "cancel"),
  );
  assert.equal(cancellation.path, `/v1beta/interactions/${operation.name}/cancel`);
  await untilJob(stack, "status = 'cancelled' and not cancellation_pending");
  assert.equal(simulator.requests.filter(({ kind }) => kind === "cancel").length, 1);
});

Deno.test("a missing publication is made, with nothing on the queue", async () => {
  await using project = await TestProject.start({
    stack: { tick: true, tickSeconds: 1 }, // only the schedule calls the worker
  });
  const { stack, simulator } = project;
  await send(stack, "image", { storyboardId: "sb", sceneId: "s", prompt: "A dragon flying" });
  const { id } = await untilJob(stack, CONFIRMED);
  const current = `${stack.url}/storage/v1/object/public/storyboard-images/sb/s.png`;
  const made = await object(current);

  const removal = await fetch(`${stack.url}/storage/v1/object/storyboard-images/sb/s.png`, {
    method: "DELETE",
    headers: { apikey: stack.secretKey, authorization: `Bearer ${stack.secretKey}` },
  });
  assert.equal(removal.status, 200, await removal.text());
  await stack.sql(
    `insert into generation_publications (job_id, queue, choice, due_at)
       values ($1, 'image_generation_queue', 0, now())`,
    [id],
  );
  await untilJob(stack, CONFIRMED);
  assert.deepEqual((await object(current)).bytes, made.bytes);
  assert.equal(simulator.accepted("image"), 1);
});
