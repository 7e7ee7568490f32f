/** POST /v1beta/models/{model}:predictLongRunning. */
import { invalidArgument, jsonResponse, modelNotFound } from "../google_errors.ts";
import { readSourceImage, type SourceImage } from "../images/source_image.ts";
import { VEO_MODELS, videoModel } from "../models.ts";
import { videoOutcome } from "../presets.ts";
import { ANY, list, message, parseJson, readMessage } from "../proto_json.ts";
import { newId, type RequestContext } from "../state.ts";
import { addFile } from "./files.ts";

interface Instance {
  prompt: string;
  image?: SourceImage;
  references?: SourceImage[];
}

interface Parameters {
  aspectRatio: "16:9" | "9:16";
  durationSeconds: number;
  resolution: string;
  personGeneration?: string;
  seed: number;
}

/** `dont_allow` went with Veo 2. */
const PEOPLE = ["allow_all", "allow_adult"];

/** `instances` and `parameters` are free-form values, which the model itself checks. */
const PREDICT_REQUEST = { instances: list(ANY), parameters: ANY, webhookConfig: message({}) };

export function predictLongRunning(context: RequestContext, model: string): Response {
  if (!VEO_MODELS.includes(model)) throw modelNotFound(model, "predictLongRunning");
  return beginVideo(context, { model, resource: `models/${model}`, ofVertex: false });
}

/** Begins a video. The operation lies below the resource of its model. */
export function beginVideo(
  context: RequestContext,
  { model, resource, ofVertex }: { model: string; resource: string; ofVertex: boolean },
): Response {
  const { state, body, record, rule } = context;
  const request = readMessage(parseJson(body), PREDICT_REQUEST);
  const { prompt, image, references } = readInstance(request.instances);
  const { parameters, storageUri } = ofVertex
    ? readVertexParameters(request.parameters ?? {})
    : { parameters: request.parameters ?? {}, storageUri: undefined };
  const { aspectRatio, durationSeconds, resolution, personGeneration, seed } = readParameters(
    parameters,
    videoModel(model)?.resolutions,
  );
  const most = videoModel(model)?.references ?? 0;
  if (references !== undefined && (durationSeconds !== 8 || references.length > most)) {
    throw invalidArgument(
      "Your use case is currently not supported. Please refer to Gemini API documentation for " +
        "current model offering.",
    );
  }
  if (personGeneration === "allow_all" && (image ?? references) !== undefined) {
    throw notSupported(personGeneration);
  }

  record.accepted = true;
  const name = `${resource}/operations/${newId()}`;
  const fileId = addFile(state, {
    prompt,
    label: `${model} · ${resolution}`,
    aspectRatio,
    seconds: durationSeconds,
    seed: state.seed + seed,
    source: image ?? references?.[0],
  });
  state.operations.set(name, {
    name,
    readyAt: Date.now() + state.videoDelayMs,
    outcome: videoOutcome(rule),
    fileId,
    inBucket: storageUri !== undefined,
  });
  state.remember();
  return jsonResponse({ name });
}

function readInstance(instances: unknown): Instance {
  if (!Array.isArray(instances) || instances.length !== 1) {
    throw invalidArgument("Exactly one instance is required.");
  }
  const { prompt, image, lastFrame, referenceImages, ...others } = record(instances[0]);
  refuse(others);
  if (prompt !== undefined && typeof prompt !== "string") throw wrongType("prompt", "a string");
  if (image === undefined && (prompt === undefined || prompt === "")) {
    throw invalidArgument("Either prompt or image must be provided.");
  }
  if (lastFrame !== undefined && image === undefined) {
    throw invalidArgument("`lastFrame` requires `image`.");
  }
  if (lastFrame !== undefined) readImage("lastFrame", lastFrame);
  if (referenceImages !== undefined) {
    if (image !== undefined) {
      throw invalidArgument("`referenceImages` can't be used together with `image`.");
    }
    if (!Array.isArray(referenceImages) || referenceImages.length > 3) {
      throw invalidArgument("At most 3 reference images are supported.");
    }
  }
  const references = referenceImages?.map(readReference);
  return {
    references,
    prompt: prompt ?? "",
    image: image === undefined ? undefined : readImage("image", image),
  };
}

function readReference(value: unknown): SourceImage {
  const { image, referenceType, ...others } = record(value);
  refuse(others);
  // Of the types of Vertex AI, Veo 3.1 knows this one.
  if (String(referenceType).toLowerCase() !== "asset") {
    throw invalidArgument("`referenceType` has to be `asset`.");
  }
  return readImage("referenceImages", image);
}

/** Images are `bytesBase64Encoded` here; the `inlineData` of generateContent is refused. */
function readImage(field: string, value: unknown): SourceImage {
  const { bytesBase64Encoded, mimeType, ...others } = record(value);
  refuse(others);
  if (typeof bytesBase64Encoded !== "string" || typeof mimeType !== "string") {
    throw invalidArgument(`\`${field}\` requires \`bytesBase64Encoded\` and \`mimeType\`.`);
  }
  return readSourceImage(bytesBase64Encoded, mimeType);
}

/** Takes out what only Vertex AI has. */
function readVertexParameters(value: unknown) {
  const { generateAudio = true, storageUri, ...parameters } = record(value);
  if (typeof generateAudio !== "boolean") throw wrongType("generateAudio", "a boolean");
  if (storageUri !== undefined && !/^gs:\/\/./.test(String(storageUri))) {
    throw invalidArgument("`storageUri` has to be a Cloud Storage URI that begins with gs://.");
  }
  return { parameters, storageUri };
}

function readParameters(value: unknown, resolutions = ["720p", "1080p"]): Parameters {
  const {
    aspectRatio = "16:9",
    durationSeconds = 8,
    resolution = "720p",
    negativePrompt,
    personGeneration,
    sampleCount = 1,
    seed = 0,
    ...others
  } = record(value);
  refuse(others);
  if (aspectRatio !== "16:9" && aspectRatio !== "9:16") {
    throw invalidArgument(
      `The aspect ratio ${aspectRatio} is not supported. Please use 16:9 or 9:16.`,
    );
  }
  if (typeof durationSeconds !== "number") throw wrongType("durationSeconds", "a number");
  if (durationSeconds < 4 || durationSeconds > 8) {
    throw invalidArgument(
      "The number value for `durationSeconds` is out of bound. Please provide a value between 4 " +
        "and 8, inclusive.",
    );
  }
  if (![4, 6, 8].includes(durationSeconds)) {
    throw invalidArgument("`durationSeconds` has to be one of 4, 6 and 8.");
  }
  if (typeof resolution !== "string" || !resolutions.includes(resolution)) {
    throw invalidArgument(`The resolution ${resolution} is not supported by this model.`);
  }
  if (resolution !== "720p" && durationSeconds !== 8) {
    throw invalidArgument(
      `Resolution ${resolution} requires duration seconds to be 8 seconds, but got ` +
        `${durationSeconds}.`,
    );
  }
  if (sampleCount !== 1) throw invalidArgument("`sampleCount` has to be 1 for this model.");
  if (personGeneration !== undefined && !PEOPLE.includes(String(personGeneration))) {
    throw notSupported(personGeneration);
  }
  if (negativePrompt !== undefined && typeof negativePrompt !== "string") {
    throw wrongType("negativePrompt", "a string");
  }
  if (typeof seed !== "number" || !Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw wrongType("seed", "an unsigned 32-bit integer");
  }
  return {
    aspectRatio,
    durationSeconds,
    resolution,
    personGeneration: personGeneration as string | undefined,
    seed,
  };
}

/** Wording as reported from the API. */
function notSupported(personGeneration: unknown) {
  return invalidArgument(`${personGeneration} for personGeneration is currently not supported.`);
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalidArgument("The request is malformed: an object is expected.");
  }
  return value as Record<string, unknown>;
}

/** The model rejects unknown parameters by name, such as `generateAudio` of Vertex AI. */
function refuse(others: Record<string, unknown>): void {
  for (const name of Object.keys(others)) {
    throw invalidArgument(
      `\`${name}\` isn't supported by this model. Please remove it or refer to the Gemini API ` +
        "documentation for supported usage.",
    );
  }
}

function wrongType(field: string, expected: string) {
  return invalidArgument(`The value type for \`${field}\` needs to be ${expected}.`);
}
