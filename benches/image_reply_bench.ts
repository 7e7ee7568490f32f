/**
 * Taking an image of 2 MB out of the model's reply and handing it to storage: by the core, and by
 * what one would write without it. Both run between the same services, which answer from memory,
 * so the difference is what the reply costs. The core's share includes claiming and settling.
 */
import { processImages } from "../pkg/generation_queue.js";

const IMAGE = new Uint8Array(2 * 1024 * 1024).map((_, i) => (i * 2654435761) >>> 13);
IMAGE.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** What the model sends: JSON with the image as base64 in it. */
const REPLY = new TextEncoder().encode(JSON.stringify({
  candidates: [{
    content: {
      parts: [{ inlineData: { mimeType: "image/png", data: base64(IMAGE) } }],
      role: "model",
    },
    finishReason: "STOP",
  }],
  usageMetadata: { totalTokenCount: 1305 },
}));

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3072) {
    text += btoa(String.fromCharCode(...bytes.subarray(i, i + 3072)));
  }
  return text;
}

const gemini = {
  url: "http://gemini.test/v1beta",
  fetch: (_: Request) => Promise.resolve(new Response(REPLY)),
};

const storage = {
  url: "http://storage.test/storage/v1",
  async fetch(request: Request): Promise<Response> {
    const stored = (await request.arrayBuffer()).byteLength;
    if (stored !== IMAGE.length) throw new Error(`${stored} bytes instead of ${IMAGE.length}`);
    return Response.json({});
  },
};

const CLAIM = {
  job_id: "0b6e2c1e-5a07-4c9f-8d7e-3f1f0a9b8c7d",
  msg_id: 1,
  lease_token: 1,
  attempts: 1,
  message: { storyboardId: "sb", prompt: "A hero" },
};

const pgmq = {
  url: "http://queue.test/rest/v1",
  fetch(request: Request): Promise<Response> {
    const answers: Record<string, unknown> = {
      claim_generation_jobs: [CLAIM],
      complete_generation_job: { held: true, entities: [], publications: [] },
      unpublished_generation_jobs: [],
    };
    return Promise.resolve(Response.json(answers[request.url.split("/").at(-1)!] ?? true));
  },
};

const source = { url: "", fetch: () => Promise.reject(new Error("no source")) };

async function withTheCore(): Promise<void> {
  const report = await processImages({ pgmq, gemini, vertex: source, storage, source }, {
    models: ["gemini-2.5-flash-image"],
    concurrency: 1,
    maxJobs: 1,
    budgetSeconds: 60,
    maxAttempts: 1,
  });
  if (report.succeeded !== 1) throw new Error(JSON.stringify(report));
}

async function withoutIt(bytes: (text: string) => Uint8Array<ArrayBuffer>): Promise<void> {
  const request = (url: string, body?: BodyInit) => new Request(url, { method: "POST", body });
  const reply = await (await gemini.fetch(request(`${gemini.url}/models/m:generateContent`)))
    .json();
  const image = bytes(atob(reply.candidates[0].content.parts[0].inlineData.data));
  await storage.fetch(request(`${storage.url}/object/storyboard-images/a.png`, image));
}

/** The line that one finds when one looks for it. */
function mapped(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The same written with care. */
function looped(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

const group = "2 MB image";
// Deno times a function to its end only if it is an async function itself.
Deno.bench("the core, a whole job", { group, baseline: true }, withTheCore);
Deno.bench("JSON.parse, atob, a loop", { group }, async () => await withoutIt(looped));
Deno.bench("JSON.parse, atob, Uint8Array.from", { group }, async () => await withoutIt(mapped));
