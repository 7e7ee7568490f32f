/**
 * What Google's own clients send for a job: recorded from `@google/genai` by the simulator.
 * Neither version loads under Deno 2.1.4 (a dependency reads `process.env` in a way it lacks).
 */
import { encodeBase64 } from "../../local/simulator/base64.ts";
import { type RecordedRequest, type Simulator, startSimulator } from "../../local/simulator/mod.ts";
import { type ClientOptions, ImageAndVeoClient, OmniClient } from "./official_clients.ts";

export interface Source {
  bytes: Uint8Array;
  mimeType: string;
}

export interface ImageInput {
  model: string;
  prompt: string;
  aspectRatio?: string;
  /** Given, it is to be edited. */
  source?: Source;
}

export interface VideoInput {
  model: string;
  prompt: string;
  aspectRatio: "16:9" | "9:16";
  durationSeconds: number;
  resolution: string;
  /** Given, it is to be animated. */
  source?: Source;
}

/** The official client for images and Veo, pointed at the simulator. */
export function imageAndVeoClient(simulator: Simulator, apiKey = simulator.apiKey) {
  return new ImageAndVeoClient(clientOptions(simulator, apiKey));
}

/** The official client for Omni, pointed at the simulator. */
export function omniClient(simulator: Simulator, apiKey = simulator.apiKey) {
  return new OmniClient(clientOptions(simulator, apiKey));
}

function clientOptions(simulator: Simulator, apiKey: string): ClientOptions {
  return {
    apiKey,
    httpOptions: { baseUrl: new URL(simulator.url).origin, apiVersion: "v1beta" },
  };
}

/** Generates or edits an image; returns the reply too. */
export function generateImage(simulator: Simulator, input: ImageInput) {
  const { model, prompt, aspectRatio, source } = input;
  const image = source === undefined ? [] : [{ inlineData: inline(source) }];
  return imageAndVeoClient(simulator).models.generateContent({
    model,
    contents: [{ role: "user", parts: [{ text: prompt }, ...image] }],
    config: {
      responseModalities: ["IMAGE"],
      ...(aspectRatio === undefined ? {} : { imageConfig: { aspectRatio } }),
    },
  });
}

export function startVeo(simulator: Simulator, input: VideoInput) {
  const { model, prompt, aspectRatio, durationSeconds, resolution, source } = input;
  return imageAndVeoClient(simulator).models.generateVideos({
    model,
    source: {
      prompt,
      ...(source === undefined
        ? {}
        : { image: { imageBytes: encodeBase64(source.bytes), mimeType: source.mimeType } }),
    },
    config: { aspectRatio, durationSeconds, resolution, numberOfVideos: 1 },
  });
}

export function startOmni(simulator: Simulator, input: VideoInput) {
  const { model, prompt, aspectRatio, durationSeconds, resolution, source } = input;
  const image = source === undefined ? [] : [{
    type: "image" as const,
    data: encodeBase64(source.bytes),
    mime_type: source.mimeType,
  }];
  return omniClient(simulator).interactions.create({
    model,
    background: true,
    input: [...image, { type: "text", text: prompt }],
    response_format: {
      type: "video",
      delivery: "uri",
      aspect_ratio: aspectRatio,
      resolution,
      duration: `${durationSeconds}s`,
    },
  });
}

/** The request by which the official client asks for an image. */
export function officialImageRequest(input: ImageInput): Promise<RecordedRequest> {
  return recorded((simulator) => generateImage(simulator, input));
}

/** The request by which the official client starts a Veo video. */
export function officialVeoRequest(input: VideoInput): Promise<RecordedRequest> {
  return recorded((simulator) => startVeo(simulator, input));
}

/** The request by which the official client starts an Omni video. */
export function officialOmniRequest(input: VideoInput): Promise<RecordedRequest> {
  return recorded((simulator) => startOmni(simulator, input));
}

async function recorded(act: (simulator: Simulator) => Promise<unknown>): Promise<RecordedRequest> {
  await using simulator = await startSimulator();
  await act(simulator);
  return simulator.requests[0];
}

function inline({ bytes, mimeType }: Source) {
  return { mimeType, data: encodeBase64(bytes) };
}
