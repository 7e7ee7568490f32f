/** A bare client of the simulator, so that these tests see the wire and not a library's view. */
import { imageSize } from "image-size";
import type { Simulator } from "../../local/simulator/mod.ts";

export const IMAGE_MODEL = "gemini-2.5-flash-image";
export const VEO_MODEL = "veo-3.1-fast-generate-preview";
export const OMNI_MODEL = "gemini-omni-1.1-flash";

export interface Reply {
  status: number;
  headers: Headers;
  // deno-lint-ignore no-explicit-any -- the tests walk through replies of many shapes
  json: any;
}

/** Sends JSON with the key; `headers` replaces the key when given. */
export async function send(
  simulator: Simulator,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = { "x-goog-api-key": simulator.apiKey },
): Promise<Reply> {
  const response = await fetch(`${simulator.url}${path}`, {
    method,
    headers: { "content-type": "application/json", ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, json: await response.json() };
}

export function askForImage(simulator: Simulator, prompt: string, imageConfig = {}) {
  return send(simulator, "POST", `/models/${IMAGE_MODEL}:generateContent`, {
    contents: [{ role: "user", parts: [{ text: prompt }] }],
    generationConfig: { responseModalities: ["IMAGE"], imageConfig },
  });
}

export function askForVideo(simulator: Simulator, prompt: string, parameters = {}) {
  return send(simulator, "POST", `/models/${VEO_MODEL}:predictLongRunning`, {
    instances: [{ prompt }],
    parameters,
  });
}

export function askForInteraction(simulator: Simulator, prompt: string, format = {}) {
  return send(simulator, "POST", "/interactions", {
    model: OMNI_MODEL,
    background: true,
    input: [{ type: "text", text: prompt }],
    response_format: { type: "video", delivery: "uri", ...format },
  });
}

/** The last image among the parts of a reply. */
export function imageIn(reply: Reply): Uint8Array {
  const part = reply.json.candidates[0].content.parts.findLast((part: { inlineData?: unknown }) =>
    part.inlineData !== undefined
  );
  return Uint8Array.from(atob(part.inlineData.data), (character) => character.charCodeAt(0));
}

export function sizeOf(image: Uint8Array): string {
  const { width, height, type } = imageSize(image);
  return `${type} ${width}x${height}`;
}

/** A picture of one pixel, for requests that bring one along. */
export const TINY_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4" +
  "fyIFAAT1AiztFb5QAAAAAElFTkSuQmCC";
