/** What the simulator records of each request. */
import { createHash } from "node:crypto";
import type { KeyUse } from "./api_key.ts";
import { decodeBase64 } from "./base64.ts";

/** What a request is for. The first two are those that cost money at the real API. */
export type RequestKind =
  | "image"
  | "video"
  | "poll"
  | "cancel"
  | "download"
  | "token"
  | "other";

export interface RecordedRequest {
  /** Milliseconds since the epoch. */
  at: number;
  kind: RequestKind;
  method: string;
  /** Path and query, without the key. */
  path: string;
  model?: string;
  prompt?: string;
  /** Where the key was, if there was one. The key itself is not recorded. */
  key: KeyUse;
  headers: Record<string, string>;
  /** The parsed JSON body; base64 in it is replaced by its length and its SHA-256. */
  body: unknown;
  /** The status of the answer; undefined until then, 0 if the connection was closed instead. */
  status?: number;
  /** Whether an image was made or a video started, which the real API would bill. */
  accepted: boolean;
}

/** Replaces long base64 strings by the size and hash of their bytes, which tests can compare. */
export function abbreviateBase64(value: unknown): unknown {
  if (typeof value === "string") {
    if (value.length < 200 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(value)) return value;
    const bytes = decodeBase64(value);
    const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
    return `base64:${bytes.length} bytes, sha256 ${hash}`;
  }
  if (Array.isArray(value)) return value.map(abbreviateBase64);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, abbreviateBase64(inner)]),
    );
  }
  return value;
}

/** Begins the record of a request. */
export function record(request: Request, url: URL, body: string, key: KeyUse): RecordedRequest {
  const path = new URL(url);
  path.searchParams.delete("key");
  const parsed = url.pathname === "/token"
    ? "a statement that can be exchanged"
    : parsedOrText(body);
  const headers = Object.fromEntries(request.headers);
  delete headers["x-goog-api-key"];
  delete headers.authorization;
  return {
    at: Date.now(),
    kind: kindOf(request.method, url.pathname, parsed),
    method: request.method,
    path: path.pathname + path.search,
    model: modelIn(url.pathname, parsed),
    prompt: promptIn(parsed),
    key,
    headers,
    body: abbreviateBase64(parsed),
    accepted: false,
  };
}

function kindOf(method: string, path: string, body: unknown): RequestKind {
  if (path === "/token") return "token";
  if (method === "POST" && path.endsWith(":generateContent")) return "image";
  if (method === "POST" && path.endsWith(":predictLongRunning")) return "video";
  if (method === "POST" && path.endsWith("/interactions")) {
    return isImageInteraction(body) ? "image" : "video";
  }
  if (method === "POST" && path.endsWith("/cancel")) return "cancel";
  if (method === "POST" && path.endsWith(":fetchPredictOperation")) return "poll";
  if (method === "GET" && /\/(operations|interactions)\/[^/]+$/.test(path)) return "poll";
  if (method === "GET" && /:download$|^\/media\/|^\/storage\//.test(path)) return "download";
  return "other";
}

/** Whether the body of an interaction asks for an image. */
export function isImageInteraction(body: unknown): boolean {
  const format = (body as { response_format?: { type?: unknown } } | null)?.response_format;
  return format?.type === "image";
}

function modelIn(path: string, body: unknown): string | undefined {
  const inPath = /\/models\/([^/:]+)/.exec(path)?.[1];
  if (inPath !== undefined) return inPath;
  const model = (body as { model?: unknown } | null | undefined)?.model;
  return typeof model === "string" ? model : undefined;
}

/** The texts of a request in any of the three protocols. */
function promptIn(body: unknown): string | undefined {
  const texts: string[] = [];
  const collect = (value: unknown) => {
    if (Array.isArray(value)) return value.forEach(collect);
    if (typeof value !== "object" || value === null) return;
    for (const [name, inner] of Object.entries(value)) {
      const isText = name === "text" || name === "prompt" || name === "input";
      if (isText && typeof inner === "string") texts.push(inner);
      else collect(inner);
    }
  };
  collect(body);
  return texts.length > 0 ? texts.join("\n") : undefined;
}

function parsedOrText(body: string): unknown {
  if (body === "") return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
