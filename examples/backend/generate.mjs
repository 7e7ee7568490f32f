import process from "node:process";

const { SUPABASE_URL, SUPABASE_SECRET_KEY } = process.env;

async function call(name, args) {
  const response = await fetch(`${SUPABASE_URL}/rest/v1/rpc/${name}`, {
    method: "POST",
    headers: { apikey: SUPABASE_SECRET_KEY, "content-type": "application/json" },
    body: JSON.stringify(args),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
  return await response.json();
}

const [{ job_id }] = await call("enqueue_generation_job", {
  queue_name: "image_generation_queue",
  message: { storyboardId: "storyboard-001", sceneId: "scene-001", prompt: "A hero on a cliff" },
  idempotency_key: "order-4711/poster",
});

let job;
do {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  job = await call("generation_job", { job_id });
} while (["queued", "running", "waiting"].includes(job.status));
console.log(job.id, job.status, job.asset_url ?? job.error?.message);
