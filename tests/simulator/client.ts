/** A bare client of the simulator, so that the tests see the bytes on the wire. */
import { imageSize } from "image-size";
import type { Simulator } from "../../local/simulator/mod.ts";

export const IMAGE_MODEL = "gemini-2.5-flash-image";
export const VEO_MODEL = "veo-3.1-fast-generate-preview";
export const OMNI_MODEL = "gemini-omni-1.1-flash";
export const VERTEX_MODEL = "vertex/veo-3.1-fast-generate-001";

export interface Reply {
  status: number;
  // deno-lint-ignore no-explicit-any -- the tests walk through replies of many shapes
  json: any;
}

/** Sends JSON with the key. */
export async function send(
  { url, apiKey }: Simulator,
  method: string,
  path: string,
  body?: unknown,
): Promise<Reply> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { "content-type": "application/json", "x-goog-api-key": apiKey },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: response.status, json: await response.json() };
}

export function askForImage(simulator: Simulator, prompt: string, imageConfig = {}, data?: string) {
  const image = data === undefined ? [] : [{ inlineData: { mimeType: "image/png", data } }];
  return send(simulator, "POST", `/models/${IMAGE_MODEL}:generateContent`, {
    contents: [{ role: "user", parts: [{ text: prompt }, ...image] }],
    generationConfig: { imageConfig },
  });
}

export function askForVideo(simulator: Simulator, instance: object, parameters: object = {}) {
  return send(simulator, "POST", `/models/${VEO_MODEL}:predictLongRunning`, {
    instances: [instance],
    parameters,
  });
}

/** The last image among the parts of a reply, as base64. */
export function imageIn({ json }: Reply): string {
  const isImage = (part: { inlineData?: unknown }) => part.inlineData !== undefined;
  return json.candidates[0].content.parts.findLast(isImage).inlineData.data;
}

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

export function sizeOf(image: string): string {
  const { width, height, type } = imageSize(bytesOf(image));
  return `${type} ${width}x${height}`;
}

/** How long a film is and how large, by its `mvhd` and `tkhd` (ISO/IEC 14496-12, version 0). */
export function describeFilm(film: Uint8Array) {
  const view = new DataView(film.buffer, film.byteOffset, film.byteLength);
  const text = new TextDecoder("latin1").decode(film);
  const [movie, track] = [text.indexOf("mvhd") + 4, text.indexOf("tkhd")];
  const end = track - 4 + view.getUint32(track - 4);
  return {
    type: text.slice(4, 8),
    seconds: view.getUint32(movie + 16) / view.getUint32(movie + 12),
    width: view.getUint32(end - 8) / 65536,
    height: view.getUint32(end - 4) / 65536,
  };
}

/** A picture of one pixel, for requests that bring one along. */
export const TINY_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4" +
  "fyIFAAT1AiztFb5QAAAAAElFTkSuQmCC";
