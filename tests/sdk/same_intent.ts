/** Whether two requests to the API ask for the same thing, however they are written. */
import assert from "node:assert/strict";
import type { RecordedRequest } from "../../local/simulator/mod.ts";

/**
 * Throws unless both requests go to the same address with the key in the header and ask for the
 * same. It ignores the order of names, whether a message's text comes before its images (whose order
 * counts), snake_case or camelCase where the API takes both (generateContent), and what only repeats
 * a default.
 */
export function assertSameIntent(ours: RecordedRequest, theirs: RecordedRequest): void {
  assert.deepEqual(intentOf(ours), intentOf(theirs));
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type Fields = { [name: string]: Json };

/** A request brought into one form. Exported for messages that show both sides. */
export function intentOf(request: RecordedRequest): unknown {
  return {
    method: request.method,
    path: request.path,
    key: request.key,
    contentType: request.headers["content-type"]?.split(";")[0],
    body: normalBody(request.path, request.body as Fields),
  };
}

function normalBody(path: string, body: Fields): Json {
  if (path.endsWith(":generateContent")) return normalImage(renamed(body) as Fields);
  if (path.endsWith(":predictLongRunning")) return normalVeo(sorted(body) as Fields);
  if (path.endsWith("/interactions")) return normalOmni(sorted(body) as Fields);
  return sorted(body);
}

function normalImage(body: Fields): Json {
  const { contents, generationConfig, ...others } = body;
  return {
    ...others,
    contents: (contents as Fields[]).map(({ role = "user", parts }) => ({
      role,
      parts: wordsFirst(parts as Fields[]),
    })),
    generationConfig: { candidateCount: 1, ...(generationConfig as Fields | undefined) },
  };
}

/** Names stay as they are: Veo takes its parameters in camelCase only. */
function normalVeo(body: Fields): Json {
  const { parameters, ...others } = body;
  const defaults = { aspectRatio: "16:9", durationSeconds: 8, resolution: "720p", sampleCount: 1 };
  return { ...others, parameters: { ...defaults, ...(parameters as Fields | undefined) } };
}

function normalOmni(body: Fields): Json {
  const { input, response_format, generation_config, stream, store, ...others } = body;
  const contents = typeof input === "string" ? [{ type: "text", text: input }] : input as Fields[];
  const hasImage = contents.some((content) => content.type === "image");
  const task = hasImage ? "image_to_video" : "text_to_video";
  const defaults = { delivery: "inline", aspect_ratio: "16:9", resolution: "720p", duration: "8s" };
  return {
    background: false,
    ...others,
    stream: stream ?? false,
    store: store ?? true,
    input: wordsFirst(contents),
    response_format: { ...defaults, ...(response_format as Fields) },
    // The model infers the task from the input when it is not named.
    generation_config: { video_config: { task }, ...(generation_config as Fields | undefined) },
  };
}

function wordsFirst(parts: Fields[]): Json[] {
  const { words = [], images = [] } = Object.groupBy(
    parts,
    (part) => part.text === undefined ? "images" : "words",
  );
  return [...words, ...images];
}

function sorted(value: Json): Json {
  return mapNames(value, (name) => name);
}

function renamed(value: Json): Json {
  return mapNames(
    value,
    (name) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
  );
}

function mapNames(value: Json, rename: (name: string) => string): Json {
  if (Array.isArray(value)) return value.map((item) => mapNames(item, rename));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .map(([name, inner]) => [rename(name), mapNames(inner, rename)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}
