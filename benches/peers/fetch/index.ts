/** What a good engineer writes without a library: `fetch`, `JSON.parse` and the fastest base64. */
import { Buffer } from "node:buffer";
import { type Claim, functionOf, kind, model } from "../queue.ts";
import { ask, claim, complete, extend, generateVideo, maintain, upload } from "../rest.ts";

// Deno 2.1.4 has none of the two. With it, Buffer is the fastest: 1.0 ms for 2 MB, a loop 7 ms.
const { fromBase64 } = Uint8Array as unknown as {
  fromBase64?: (text: string) => Uint8Array<ArrayBuffer>;
};
const { toBase64 } = Uint8Array.prototype as { toBase64?: () => string };

const decode = (text: string) =>
  fromBase64 ? fromBase64(text) : Buffer.from(text, "base64") as unknown as Uint8Array<ArrayBuffer>;
const encode = (bytes: ArrayBuffer) =>
  toBase64 ? toBase64.call(new Uint8Array(bytes)) : Buffer.from(bytes).toString("base64");

interface Part {
  text?: string;
  inlineData?: { mimeType: string; data: string };
}

async function image(claim: Claim): Promise<Claim[]> {
  const { prompt, sourceImageUrl } = claim.message;
  const parts: Part[] = [{ text: prompt }];
  if (sourceImageUrl) {
    const source = await (await fetch(sourceImageUrl)).arrayBuffer();
    parts.push({ inlineData: { mimeType: "image/png", data: encode(source) } });
  }
  const request = {
    contents: [{ role: "user", parts }],
    generationConfig: { responseModalities: ["IMAGE"] },
  };
  const reply = await (await ask(`models/${model}:generateContent`, JSON.stringify(request)))
    .json();
  const made: Part[] = reply.candidates[0].content.parts;
  const { data } = made.find(({ inlineData }) => inlineData)!.inlineData!;
  await upload(claim, decode(data));
  return await complete(claim, reply.usageMetadata, 0.039);
}

async function video(claim: Claim): Promise<Claim[]> {
  await upload(claim, (await generateVideo(claim)).body!);
  return await complete(claim, null, 0.8);
}

const work = kind === "image" ? image : video;
export default functionOf({ claim, extend, work, maintain });
