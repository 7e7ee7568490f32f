/**
 * `GET /models/{model}`: whether there is such a model, and what it can be called for.
 * https://ai.google.dev/api/models#Model
 */
import { ApiError, jsonResponse } from "./google_errors.ts";
import { IMAGE_MODELS, OMNI_MODELS, VEO_MODELS } from "./models.ts";

export function describeModel(model: string): Response {
  const methods = methodsOf(model);
  if (!methods) {
    throw new ApiError(
      404,
      "NOT_FOUND",
      `Model is not found: models/${model} for api version v1beta`,
    );
  }
  return jsonResponse({
    name: `models/${model}`,
    version: "001",
    displayName: model,
    description: "Simulated.",
    inputTokenLimit: 32768,
    outputTokenLimit: 32768,
    supportedGenerationMethods: methods,
  });
}

function methodsOf(model: string): string[] | undefined {
  if (Object.hasOwn(IMAGE_MODELS, model)) return ["generateContent", "countTokens"];
  if (VEO_MODELS.includes(model)) return ["predictLongRunning"];
  if (OMNI_MODELS.includes(model)) return ["createInteraction"];
}
