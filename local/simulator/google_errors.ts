/**
 * Errors in the shape that the Gemini API gives them (google.rpc.Status under `error`).
 * Source: https://ai.google.dev/gemini-api/docs/troubleshooting and
 * https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto
 */

/** An answer that ends a request: thrown by a handler, written out by the router. */
export class ApiError extends Error {
  constructor(
    readonly code: number,
    readonly status: string,
    message: string,
    readonly details: Record<string, unknown>[] = [],
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }

  toResponse(): Response {
    const { code, message, status, details } = this;
    return jsonResponse(
      { error: { code, message, status, ...(details.length > 0 ? { details } : {}) } },
      code,
      this.headers,
    );
  }
}

/** JSON as the API writes it: indented, UTF-8. */
export function jsonResponse(
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): Response {
  return new Response(JSON.stringify(body, null, 2) + "\n", {
    status,
    headers: { "content-type": "application/json; charset=UTF-8", ...headers },
  });
}

export function invalidArgument(message: string, details: Record<string, unknown>[] = []) {
  return new ApiError(400, "INVALID_ARGUMENT", message, details);
}

export function modelNotFound(model: string, method: string): ApiError {
  return new ApiError(
    404,
    "NOT_FOUND",
    `models/${model} is not found for API version v1beta, or is not supported for ${method}. ` +
      "Call ListModels to see the list of available models and their supported methods.",
  );
}

export function modelRetired(model: string): ApiError {
  return new ApiError(
    404,
    "NOT_FOUND",
    `This model models/${model} is no longer available. Please update your code to use a newer ` +
      "model for the latest features and improvements.",
  );
}

/** For a key that never used it, while `GET /models/…` answers 200. */
export function modelClosed(model: string): ApiError {
  return new ApiError(
    404,
    "NOT_FOUND",
    `This model models/${model} is no longer available to new users. Please update your code to ` +
      "use a newer model for the latest features and improvements.",
  );
}

export function missingKey(): ApiError {
  return new ApiError(
    403,
    "PERMISSION_DENIED",
    "Method doesn't allow unregistered callers (callers without established identity). Please " +
      "use API Key or other form of API consumer identity to call this API.",
  );
}

/** A wrong key is a 400, not a 401 or 403: clients have to tell it from a bad request. */
export function invalidKey(): ApiError {
  return invalidArgument("API key not valid. Please pass a valid API key.", [
    {
      "@type": "type.googleapis.com/google.rpc.ErrorInfo",
      reason: "API_KEY_INVALID",
      domain: "googleapis.com",
      metadata: { service: "generativelanguage.googleapis.com" },
    },
    {
      "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
      locale: "en-US",
      message: "API key not valid. Please pass a valid API key.",
    },
  ]);
}

/**
 * 429. `window` "minute" passes by itself; "day" stays until midnight Pacific time although the
 * API names a short delay there, too.
 */
export function quotaExceeded(
  model: string,
  window: "minute" | "day",
  retryDelay: string,
): ApiError {
  const quotaId = window === "minute"
    ? "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
    : "GenerateRequestsPerDayPerProjectPerModel-FreeTier";
  const limit = window === "minute" ? 10 : 0;
  const metric = "generativelanguage.googleapis.com/generate_content_free_tier_requests";
  return new ApiError(
    429,
    "RESOURCE_EXHAUSTED",
    "You exceeded your current quota, please check your plan and billing details. " +
      `\n* Quota exceeded for metric: ${metric}, limit: ${limit}, model: ${model}\n` +
      `Please retry in ${retryDelay}.`,
    [
      {
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        violations: [{
          quotaMetric: metric,
          quotaId,
          quotaDimensions: { location: "global", model },
        }],
      },
      {
        "@type": "type.googleapis.com/google.rpc.Help",
        links: [{
          description: "Learn more about Gemini API quotas",
          url: "https://ai.google.dev/gemini-api/docs/rate-limits",
        }],
      },
      { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay },
    ],
  );
}

export function internalError(): ApiError {
  return new ApiError(
    500,
    "INTERNAL",
    "An internal error has occurred. Please retry or report in " +
      "https://developers.generativeai.google/guide/troubleshooting",
  );
}

export function unavailable(): ApiError {
  return new ApiError(
    503,
    "UNAVAILABLE",
    "The model is overloaded. Please try again later.",
  );
}
