/** The headers without which a browser does not let a page call the functions. */

/** The methods that the functions answer. */
export const METHODS = "GET, HEAD, POST, OPTIONS";

const HEADERS: Record<string, string> = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": METHODS,
  // supabase-js adds the client, the region, traces and the number of retries by itself.
  "access-control-allow-headers": "authorization, apikey, content-type, prefer, x-client-info, " +
    "x-region, traceparent, tracestate, baggage, x-retry-count",
  "access-control-expose-headers": "preference-applied, retry-after",
};

/** The answer to a preflight request. */
export function preflight(): Response {
  return withCors(
    new Response(null, { status: 204, headers: { "access-control-max-age": "86400" } }),
  );
}

/**
 * Adds the headers to any answer. Errors need them too: without them a page sees a network failure
 * instead of the problem.
 */
export function withCors(response: Response): Response {
  for (const [name, value] of Object.entries(HEADERS)) response.headers.set(name, value);
  return response;
}
