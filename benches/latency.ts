/**
 * From sent to submitted: how long after the beginning of `pgmq.send` the provider has the request,
 * on the local stack. In between are the insert with its triggers, the call of the function, its
 * claim through PostgREST and the request itself. Jobs are sent one after the other, each when the
 * run that made the one before has ended, so that none is picked up in passing. The functions'
 * processes are there, as the stack keeps them; the first job is the first that they see.
 *
 *     deno run --allow-all benches/latency.ts [jobs, 50 unless given]
 *
 * Ends with 1 when half of the jobs took longer than they may.
 */
import { startSimulator } from "../local/simulator/mod.ts";
import { startStack } from "../local/stack/mod.ts";

/** What half of the jobs have to keep to. Milliseconds. */
const MOST = 250;

const count = Number(Deno.args[0] ?? 50);
if (!Number.isInteger(count) || count < 1) {
  console.error(`jobs: expected a number from 1 on, got ${Deno.args[0]}`);
  Deno.exit(2);
}

await using simulator = await startSimulator();
const stack = await startStack({
  tick: true,
  env: {
    GOOGLE_GENERATIVE_AI_API_KEY: simulator.apiKey,
    GOOGLE_GENERATIVE_AI_BASE_URL: simulator.url,
  },
  log: (line) => line.startsWith("schedule") && console.error(line),
});

/** Sends a job and waits until its run has ended. Gives the milliseconds from sent to submitted. */
async function send(prompt: string): Promise<number> {
  const begun = Date.now();
  await stack.sql("select pgmq.send('image_generation_queue', $1)", [
    { storyboardId: "bench", prompt },
  ]);
  while (await isBusy()) await new Promise((next) => setTimeout(next, 10));
  const submission = simulator.requests.find((request) => request.prompt === prompt);
  if (!submission) throw new Error(`${prompt} was not submitted`);
  return submission.at - begun;
}

/** Whether a message is on the queue, or a worker that was called has not ended yet. */
async function isBusy(): Promise<boolean> {
  const ended = stack.functionLogs("process-image-generation")
    .filter((line) => line.includes("Run finished"));
  const [{ busy }] = await stack.sql<{ busy: boolean }>(
    `select exists (select from pgmq.q_image_generation_queue)
       or (select count(*) from generation_private.worker_calls) > $1 as busy`,
    [ended.length],
  );
  return busy;
}

const first = await send("the first job");
const times: number[] = [];
for (let n = 1; n <= count; n++) times.push(await send(`job ${n}`));
times.sort((a, b) => a - b);
const percentile = (p: number) => times[Math.min(count - 1, Math.floor(p * count))];
const [p50, p95] = [percentile(0.5), percentile(0.95)];
await stack.close();

console.log(`sent to submitted, ${count} jobs one after the other`);
console.log(`  the first job after the start: ${first} ms`);
console.log(`  those after it: p50 ${p50} ms, p95 ${p95} ms, longest ${times.at(-1)} ms`);
if (p50 >= MOST) {
  console.error(`half of them should have been submitted within ${MOST} ms`);
  Deno.exit(1);
}
