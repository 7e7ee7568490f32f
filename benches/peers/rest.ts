/** The requests to PostgREST, Storage and the provider by plain `fetch`. */
import {
  along,
  bucket,
  type Claim,
  claimed,
  type Completion,
  copied,
  currentPath,
  googleKey,
  googleUrl,
  lease,
  model,
  objectPath,
  queue,
  secretKey,
  supabaseUrl,
  type,
} from "./queue.ts";

const json = { apikey: secretKey, "content-type": "application/json" };
const google = { "x-goog-api-key": googleKey, "content-type": "application/json" };
const storage = `${supabaseUrl}/storage/v1/object`;

async function send(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response;
}

/** Calls a function of the database. */
export async function rpc<T>(name: string, given: unknown): Promise<T> {
  const init = { method: "POST", headers: json, body: JSON.stringify(given) };
  return await (await send(`${supabaseUrl}/rest/v1/rpc/${name}`, init)).json();
}

export const claim = (quantity: number) => rpc<Claim[]>("claim_generation_jobs", claimed(quantity));
export const extend = (claim: Claim) =>
  rpc("extend_generation_lease", { ...lease(claim), lease_seconds: 30 });
export const maintain = () =>
  rpc("maintain_generation_queue", { queue_name: queue, confirmed: copied.splice(0) });

/** Asks the provider: GET, or POST with a body. */
export const ask = (path: string, body?: BodyInit) =>
  send(path.startsWith("http") ? path : `${googleUrl}/${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: google,
    body,
  });

/** Stores the asset of a job. */
export async function upload(claim: Claim, body: BodyInit): Promise<void> {
  const response = await send(`${storage}/${bucket}/${objectPath(claim)}`, {
    method: "POST",
    headers: {
      apikey: secretKey,
      "content-type": type,
      "cache-control": "max-age=31536000",
      "x-upsert": "false",
    },
    body,
    ...(body instanceof ReadableStream && { duplex: "half" }),
  });
  await response.body?.cancel();
}

/** Completes a job, copies the current object, and gives the next job. */
export async function complete(claim: Claim, usage: unknown, cost: number): Promise<Claim[]> {
  const path = objectPath(claim);
  const { publications, claims } = await rpc<Completion>("complete_generation_job", {
    ...lease(claim),
    object_path: path,
    asset_url: `${storage}/public/${bucket}/${path}`,
    content_type: type,
    model,
    usage,
    cost_usd: cost,
    ...along(),
  });
  for (const { object_path } of publications) await copy(object_path, currentPath(claim));
  copied.push({ job_id: claim.job_id, publications });
  return claims;
}

async function copy(from: string, to: string): Promise<void> {
  const body = {
    bucketId: bucket,
    sourceKey: from,
    destinationKey: to,
    copyMetadata: false,
    metadata: { cacheControl: "max-age=60", mimetype: type },
  };
  const headers = { ...json, "x-upsert": "true" };
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  await (await send(`${storage}/copy`, init)).body?.cancel();
}

/** Submits a video, waits for it and answers the reply with its bytes. */
export async function generateVideo(claim: Claim): Promise<Response> {
  await rpc("begin_generation_submission", { ...lease(claim), model });
  const submission = {
    instances: [{ prompt: claim.message.prompt }],
    parameters: { aspectRatio: "16:9", durationSeconds: 8, resolution: "720p" },
  };
  const submitted = await ask(`models/${model}:predictLongRunning`, JSON.stringify(submission));
  const { name } = await submitted.json();
  await rpc("record_generation_operation", { ...lease(claim), operation: { model, name } });
  for (let polls = 0;; polls++) {
    // As often as the product asks.
    await new Promise((done) => setTimeout(done, Math.min(2 ** (polls + 1), 10) * 1000));
    const { done, response } = await (await ask(name)).json();
    if (done) return await ask(response.generateVideoResponse.generatedSamples[0].video.uri);
  }
}
