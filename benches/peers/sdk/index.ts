/**
 * The official clients, as their documentation shows them. `@google/genai` is the last version that
 * speaks Veo with a key, in its form for the web: the other does not load under Deno 2.1.4.
 */
import { Buffer } from "node:buffer";
import { GoogleGenAI, Modality } from "@google/genai";
import { createClient } from "@supabase/supabase-js";
import {
  along,
  bucket,
  type Claim,
  claimed,
  type Completion,
  copied,
  currentPath,
  functionOf,
  googleKey,
  googleUrl,
  kind,
  lease,
  model,
  objectPath,
  queue,
  secretKey,
  supabaseUrl,
  type,
} from "../queue.ts";

const supabase = createClient(supabaseUrl, secretKey, {
  auth: { persistSession: false, autoRefreshToken: false },
});
const [, baseUrl, apiVersion] = /^(.*)\/([^/]+)$/.exec(googleUrl)!;
const ai = new GoogleGenAI({ apiKey: googleKey, httpOptions: { baseUrl, apiVersion } });
const files = supabase.storage.from(bucket);

async function rpc<T>(name: string, given: Record<string, unknown>): Promise<T> {
  const { data, error } = await supabase.rpc(name, given);
  if (error) throw error;
  return data as T;
}

const claim = (quantity: number) => rpc<Claim[]>("claim_generation_jobs", claimed(quantity));
const extend = (claim: Claim) =>
  rpc("extend_generation_lease", { ...lease(claim), lease_seconds: 30 });
const maintain = () =>
  rpc("maintain_generation_queue", { queue_name: queue, confirmed: copied.splice(0) });

async function settle(
  claim: Claim,
  body: Buffer | ReadableStream<Uint8Array>,
  usage: unknown,
  cost: number,
): Promise<Claim[]> {
  const path = objectPath(claim);
  const options = { contentType: type, cacheControl: "31536000", duplex: "half" };
  const stored = await files.upload(path, body, options);
  if (stored.error) throw stored.error;
  const { publications, claims } = await rpc<Completion>("complete_generation_job", {
    ...lease(claim),
    object_path: path,
    asset_url: files.getPublicUrl(path).data.publicUrl,
    content_type: type,
    model,
    usage,
    cost_usd: cost,
    ...along(),
  });
  for (const { object_path } of publications) {
    const { error } = await files.copy(object_path, currentPath(claim));
    if (error) throw error;
  }
  copied.push({ job_id: claim.job_id, publications });
  return claims;
}

async function image(claim: Claim): Promise<Claim[]> {
  const { prompt, sourceImageUrl } = claim.message;
  const parts: Record<string, unknown>[] = [{ text: prompt }];
  if (sourceImageUrl) {
    const source = Buffer.from(await (await fetch(sourceImageUrl)).arrayBuffer());
    parts.push({ inlineData: { mimeType: "image/png", data: source.toString("base64") } });
  }
  const reply = await ai.models.generateContent({
    model,
    contents: [{ role: "user", parts }],
    config: { responseModalities: [Modality.IMAGE] },
  });
  const made = reply.candidates?.[0]?.content?.parts?.find(({ inlineData }) => inlineData);
  const data = made?.inlineData?.data;
  if (!data) throw new Error("the reply has no image");
  return await settle(claim, Buffer.from(data, "base64"), reply.usageMetadata, 0.039);
}

async function video(claim: Claim): Promise<Claim[]> {
  await rpc("begin_generation_submission", { ...lease(claim), model });
  let operation = await ai.models.generateVideos({
    model,
    prompt: claim.message.prompt,
    config: { aspectRatio: "16:9", durationSeconds: 8, resolution: "720p" },
  });
  const { name } = operation;
  await rpc("record_generation_operation", { ...lease(claim), operation: { model, name } });
  for (let polls = 0; !operation.done; polls++) {
    await new Promise((done) => setTimeout(done, Math.min(2 ** (polls + 1), 10) * 1000));
    operation = await ai.operations.getVideosOperation({ operation });
  }
  const uri = operation.response?.generatedVideos?.[0]?.video?.uri;
  if (!uri) throw new Error("the operation has no video");
  const file = await fetch(uri, { headers: { "x-goog-api-key": googleKey } });
  if (!file.ok) throw new Error(`the video: ${file.status}`);
  return await settle(claim, file.body!, null, 0.8);
}

const work = kind === "image" ? image : video;
export default functionOf({ claim, extend, work, maintain });
