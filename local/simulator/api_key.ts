import { invalidKey, missingKey } from "./google_errors.ts";

/** Where a request carried its key, and whether it was right. */
export type KeyUse = "header" | "query" | "token" | "wrong" | "none";

/**
 * Reads the key as the API does: `x-goog-api-key`, or `key` in the URL (which it also accepts). Vertex
 * AI takes an access token.
 */
export function keyUse(
  request: Request,
  url: URL,
  { apiKey, tokens }: { apiKey: string; tokens: Set<string> },
): KeyUse {
  const header = request.headers.get("x-goog-api-key");
  const query = url.searchParams.get("key");
  const token = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
  if (token !== undefined && header === null) return tokens.has(token) ? "token" : "wrong";
  const given = header ?? query;
  if (given === null || given === "") return "none";
  if (given !== apiKey) return "wrong";
  return header !== null ? "header" : "query";
}

/** Throws the API's answer to a request without a usable key. */
export function requireKey(use: KeyUse): void {
  if (use === "none" || use === "token") throw missingKey();
  if (use === "wrong") throw invalidKey();
}

/**
 * A key for one run of the simulator. It looks like no real key, so that no secret scanner
 * mistakes a log of the simulator for a leak.
 */
export function generateApiKey(): string {
  return `simulator-key-${crypto.randomUUID()}`;
}
