/**
 * The floor: the same requests with the same number of bytes, and no work. The reply of a model is
 * not read, its first three quarters are what is uploaded. Only what never holds a reply as a whole
 * can be cheaper, as the product is with large ones.
 */
import { type Claim, functionOf, kind, model } from "../queue.ts";
import { ask, claim, complete, extend, generateVideo, maintain, upload } from "../rest.ts";

/** What is around an image in a reply: some 900 bytes. */
const AROUND = 900;

const request = new TextEncoder().encode(JSON.stringify({
  contents: [{ role: "user", parts: [{ text: "A hero on a cliff, wide shot, cinematic light" }] }],
  generationConfig: { responseModalities: ["IMAGE"] },
}));

async function image(claim: Claim): Promise<Claim[]> {
  let body = request;
  if (claim.message.sourceImageUrl) {
    const { byteLength } = await (await fetch(claim.message.sourceImageUrl)).arrayBuffer();
    body = new Uint8Array(request.length + Math.ceil(byteLength / 3) * 4);
  }
  const reply = await (await ask(`models/${model}:generateContent`, body)).arrayBuffer();
  const length = Math.floor((reply.byteLength - AROUND) * 3 / 4);
  await upload(claim, new Uint8Array(reply, 0, length));
  return await complete(claim, null, 0.039);
}

async function video(claim: Claim): Promise<Claim[]> {
  await upload(claim, (await generateVideo(claim)).body!);
  return await complete(claim, null, 0.8);
}

const work = kind === "image" ? image : video;
export default functionOf({ claim, extend, work, maintain });
