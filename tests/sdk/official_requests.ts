/**
 * What Google's own clients send for a job, as the simulator records it from `@google/genai`.
 * Neither version loads under Deno 2.1.4 (a dependency reads `process.env` in a way it lacks).
 */
import { encodeBase64 } from "../../local/simulator/base64.ts";
import { type RecordedRequest, type Simulator, startSimulator } from "../../local/simulator/mod.ts";
import {
  type ClientOptions,
  ImageAndVeoClient,
  JwtClient,
  OmniClient,
  VertexClient,
} from "./official_clients.ts";

export interface Source {
  bytes: Uint8Array;
  mimeType: string;
}

export interface ImageInput {
  model: string;
  prompt: string;
  aspectRatio?: string;
  imageSize?: string;
  seed?: number;
  /** Given, they are to be edited. */
  sources?: Source[];
}

export interface VideoInput {
  model: string;
  prompt: string;
  aspectRatio: "16:9" | "9:16";
  durationSeconds: number;
  resolution: string;
  /** Given, it is to be animated. */
  source?: Source;
  lastFrame?: Source;
  references?: Source[];
  negativePrompt?: string;
  personGeneration?: string;
  /** For Vertex AI only. */
  generateAudio?: boolean;
  /** For Omni only: this client does not accept it for Veo. */
  seed?: number;
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

/**
 * The official client for Vertex AI, signed in as the simulator's service account. The account's token
 * endpoint cannot be set, so its requests are passed on.
 */
export function vertexClient(
  simulator: Simulator,
  { location = "us-central1", apiVersion = "v1" } = {},
) {
  const variables = simulator.vertexVariables();
  const authClient = jwtClient(variables, (_, init) => fetch(variables.GOOGLE_TOKEN_URL, init));
  return new VertexClient({
    enterprise: true,
    project: variables.GOOGLE_VERTEX_PROJECT,
    location,
    httpOptions: { baseUrl: variables.GOOGLE_VERTEX_BASE_URL, apiVersion },
    googleAuthOptions: { authClient },
  });
}

/** Google's own sign-in of the account that the variables name. */
export function jwtClient(variables: Record<string, string>, fetchImplementation: typeof fetch) {
  return new JwtClient({
    email: variables.GOOGLE_CLIENT_EMAIL,
    key: variables.GOOGLE_PRIVATE_KEY,
    scopes: ["https://www.googleapis.com/auth/cloud-platform"],
    transporterOptions: { fetchImplementation },
  });
}

/** The client that serves a model as the settings name it, and the model's name there. */
function clientFor(simulator: Simulator, model: string) {
  const name = model.replace("vertex/", "");
  if (name === model) return { client: imageAndVeoClient(simulator), model };
  return { client: vertexClient(simulator), model: name };
}

/** Generates or edits an image; returns the reply too. */
export function generateImage(simulator: Simulator, input: ImageInput) {
  const { client, model } = clientFor(simulator, input.model);
  const { prompt, aspectRatio, imageSize, seed, sources = [] } = input;
  const images = sources.map((source) => ({ inlineData: inline(source) }));
  const hasShape = aspectRatio !== undefined || imageSize !== undefined;
  return client.models.generateContent({
    model,
    contents: [{ role: "user", parts: [{ text: prompt }, ...images] }],
    config: {
      responseModalities: ["IMAGE"],
      seed,
      ...(hasShape && { imageConfig: { aspectRatio, imageSize } }),
    },
  });
}

/** Begins an image in the background. */
export function startImage(simulator: Simulator, input: ImageInput) {
  const { model, prompt, aspectRatio, imageSize, seed, sources = [] } = input;
  return omniClient(simulator).interactions.create({
    model,
    background: true,
    input: [...sources.map(inputImage), { type: "text", text: prompt }],
    response_format: {
      type: "image",
      aspect_ratio: aspectRatio,
      image_size: imageSize,
      delivery: "inline",
    },
    ...(seed !== undefined && { generation_config: { seed } }),
  });
}

export function startVeo(simulator: Simulator, input: VideoInput) {
  const { client, model } = clientFor(simulator, input.model);
  const { prompt, aspectRatio, durationSeconds, resolution, source, lastFrame } = input;
  const { references, negativePrompt, personGeneration, generateAudio } = input;
  const image = ({ bytes, mimeType }: Source) => ({ imageBytes: encodeBase64(bytes), mimeType });
  return client.models.generateVideos({
    model,
    source: { prompt, ...(source && { image: image(source) }) },
    config: {
      aspectRatio,
      durationSeconds,
      resolution,
      negativePrompt,
      personGeneration,
      generateAudio,
      numberOfVideos: 1,
      ...(lastFrame && { lastFrame: image(lastFrame) }),
      ...(references && {
        referenceImages: references.map((reference) => ({
          image: image(reference),
          referenceType: "asset",
        })),
      }),
    },
  });
}

export function startOmni(simulator: Simulator, input: VideoInput) {
  const atVertex = input.model.startsWith("vertex/");
  const { interactions } = atVertex
    ? vertexClient(simulator, { location: "global", apiVersion: "v1beta1" })
    : omniClient(simulator);
  const model = input.model.replace("vertex/", "");
  const { prompt, aspectRatio, durationSeconds, resolution, seed } = input;
  const { source, lastFrame, references } = input;
  const sources = references ?? [source, lastFrame].filter((frame) => frame !== undefined);
  const images = sources.map(inputImage);
  // As the guide says which of two images is which.
  const tags = lastFrame ? "<FIRST_FRAME> <LAST_FRAME> " : "";
  const config = {
    ...(seed !== undefined && { seed }),
    ...(references && { video_config: { task: "reference_to_video" } }),
  };
  return interactions.create({
    model,
    background: true,
    input: [...images, { type: "text", text: tags + prompt }],
    ...(Object.keys(config).length > 0 && { generation_config: config }),
    response_format: {
      type: "video",
      delivery: atVertex ? "inline" : "uri",
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

/** The request by which the official client begins an image in the background. */
export function officialBackgroundRequest(input: ImageInput): Promise<RecordedRequest> {
  return recorded((simulator) => startImage(simulator, input));
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
  return simulator.requests.find(({ accepted }) => accepted)!;
}

function inputImage({ bytes, mimeType }: Source) {
  return { type: "image" as const, data: encodeBase64(bytes), mime_type: mimeType };
}

function inline({ bytes, mimeType }: Source) {
  return { mimeType, data: encodeBase64(bytes) };
}
