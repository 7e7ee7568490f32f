/**
 * Veo at Vertex AI: POST …/publishers/google/models/{model}:predictLongRunning and
 * :fetchPredictOperation, and the objects that it writes to a bucket.
 * https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/veo-video-generation
 */
import { encodeBase64 } from "../base64.ts";
import { ApiError, invalidArgument, jsonResponse } from "../google_errors.ts";
import { VERTEX_VEO_MODELS } from "../models.ts";
import { isPending, presetMismatch } from "../presets.ts";
import { parseJson } from "../proto_json.ts";
import type { Operation, RequestContext } from "../state.ts";
import { fileResponse } from "../videos/files.ts";
import { AUDIO_FILTERED, FILTERED } from "../videos/operation.ts";
import { beginVideo } from "../videos/veo.ts";
import { requireProject } from "./access.ts";
import { PROJECT } from "./service_account.ts";

const RESPONSE_TYPE = "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse";

/** The bucket in which the simulator keeps the videos of every `storageUri`. */
const BUCKET = "simulated-bucket";

export function predictAtVertex(context: RequestContext, resource: string): Response {
  requireProject(resource);
  const model = resource.split("/").at(-1)!;
  if (!VERTEX_VEO_MODELS.includes(model)) throw publisherModelNotFound(resource);
  // With an API key there is no project in the path; the name of the operation has it all the same.
  const full = resource.startsWith("projects/")
    ? resource
    : `projects/${PROJECT}/locations/us-central1/${resource}`;
  return beginVideo(context, { model, resource: full, ofVertex: true });
}

export async function fetchPredictOperation(
  context: RequestContext,
  resource: string,
): Promise<Response> {
  requireProject(resource);
  const { operationName: name } = parseJson(context.body) as { operationName?: unknown };
  if (typeof name !== "string" || !name.startsWith(`${resource}/operations/`)) {
    throw invalidArgument("Invalid operation name, which has to be one of the model of the path.");
  }
  const { state, rule } = context;
  const operation = state.operations.get(name);
  if (operation === undefined) {
    throw new ApiError(404, "NOT_FOUND", `The operation ${name} is not found.`);
  }
  if (isPending(rule, operation)) return jsonResponse({ name });
  return jsonResponse({ name, done: true, ...await result(context, operation) });
}

async function result(context: RequestContext, operation: Operation) {
  const response = (content: Record<string, unknown>) => ({
    response: { "@type": RESPONSE_TYPE, ...content },
  });
  switch (operation.outcome) {
    case "video": {
      const { fileId, inBucket } = operation;
      const video = inBucket || context.rule?.preset === "in-bucket"
        ? { gcsUri: `gs://${BUCKET}/${fileId}/sample_0.mp4` }
        : { bytesBase64Encoded: encodeBase64(await filmOf(context, fileId)) };
      return response({ videos: [{ ...video, mimeType: "video/mp4" }] });
    }
    case "filtered":
      return response({ raiMediaFilteredCount: 1, raiMediaFilteredReasons: [FILTERED] });
    case "audio-filtered":
      return response({ raiMediaFilteredCount: 1, raiMediaFilteredReasons: [AUDIO_FILTERED] });
    case "error":
      return { error: { code: 13, message: "Internal error encountered." } };
    case "nothing":
      return {};
    case "text":
      throw presetMismatch(context.rule ?? {}, "a Veo operation");
  }
}

/** GET /storage/v1/b/{bucket}/o/{object}: an object of Cloud Storage. */
export async function storageObject(context: RequestContext, path: string): Promise<Response> {
  const [, bucket, fileId] = /^([^/]+)\/o\/([^/]+)\/sample_0\.mp4$/.exec(path) ?? [];
  if (bucket !== BUCKET || !context.state.files.has(fileId)) {
    throw new ApiError(404, "NOT_FOUND", `No such object: ${path.replace("/o/", "/")}`);
  }
  if (context.url.searchParams.get("alt") !== "media") {
    return jsonResponse({ kind: "storage#object" });
  }
  return fileResponse(await filmOf(context, fileId), context.request);
}

async function filmOf({ state }: RequestContext, id: string): Promise<Uint8Array> {
  return await state.painter.film(state.files.get(id)!);
}

/** Wording as Vertex AI answers it. */
export function publisherModelNotFound(resource: string): ApiError {
  return new ApiError(
    404,
    "NOT_FOUND",
    `Publisher Model \`${resource}\` was not found or your project does not have access to it. ` +
      "Please ensure you are using a valid model version. For more information, see: " +
      "https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions",
  );
}
