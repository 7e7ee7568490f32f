/** Long-running operations of Veo: GET /v1beta/models/{model}/operations/{id}. */
import { ApiError, jsonResponse } from "../google_errors.ts";
import { isPending, presetMismatch } from "../presets.ts";
import type { Operation, RequestContext } from "../state.ts";
import { addressOf } from "./files.ts";

const RESPONSE_TYPE =
  "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse";

export function pollOperation(context: RequestContext, name: string): Response {
  const { state, rule } = context;
  const operation = state.operations.get(name);
  if (operation === undefined) {
    throw new ApiError(404, "NOT_FOUND", `Operation ${name} not found.`);
  }
  // While pending the body is the name and nothing else, not even `done: false`.
  if (isPending(rule, operation)) return jsonResponse({ name });
  return jsonResponse({ name, done: true, ...result(context, operation) });
}

function result(context: RequestContext, operation: Operation): Record<string, unknown> {
  const response = (generateVideoResponse: unknown) => ({
    response: { "@type": RESPONSE_TYPE, generateVideoResponse },
  });
  switch (operation.outcome) {
    case "video": {
      const uri = addressOf(context.url, operation.fileId);
      return response({ generatedSamples: [{ video: { uri } }] });
    }
    case "filtered":
      return response({ raiMediaFilteredCount: 1, raiMediaFilteredReasons: [FILTERED] });
    case "audio-filtered":
      return response({ raiMediaFilteredCount: 1, raiMediaFilteredReasons: [AUDIO_FILTERED] });
    case "error":
      // The code is one of gRPC (13 = INTERNAL), not of HTTP.
      return {
        error: { code: 13, message: "An internal error has occurred. Please try again later." },
      };
    case "nothing":
      return {};
    case "text":
      throw presetMismatch(context.rule ?? {}, "a Veo operation");
  }
}

/** Wording as seen at the API; the number is a support code. */
export const FILTERED =
  "Your current prompt contains words that violate Veo's usage guidelines. Support codes: " +
  "58061214. You have not been charged for this attempt.";

export const AUDIO_FILTERED =
  "We encountered an issue with the audio for your prompt, so no video was created. This can " +
  "happen due to safety filters or other processing issues. You have not been charged for this " +
  "attempt.";
