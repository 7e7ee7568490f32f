/** From a request to the handler that answers it. */
import { keyUse, requireKey } from "./api_key.ts";
import { ApiError } from "./google_errors.ts";
import { generateContent } from "./images/generate_content.ts";
import { describeModel } from "./model_list.ts";
import { plainAnswer } from "./presets.ts";
import { record } from "./recording.ts";
import { delay, type Exchange, type State } from "./state.ts";
import { download, media } from "./videos/files.ts";
import { cancelInteraction, createInteraction, pollInteraction } from "./videos/interaction.ts";
import { pollOperation } from "./videos/operation.ts";
import { predictLongRunning } from "./videos/veo.ts";

/** `undefined` means: close the connection without an answer. */
export type Answer = Response | undefined;

export async function answer(state: State, request: Request, body: string): Promise<Answer> {
  const url = new URL(request.url);
  const recorded = record(request, url, body, keyUse(request, url, state.apiKey));
  state.requests.push(recorded);
  const rule = state.script.take(recorded);
  if (rule?.delayMs !== undefined) await delay(rule.delayMs, state.closing);

  const reply = async (): Promise<Answer> => {
    if (rule?.preset === "drop") return undefined;
    const plain = rule === undefined ? undefined : plainAnswer(rule, recorded);
    if (plain !== undefined) return plain;
    const ordinary = await route({ state, request, url, body, record: recorded, rule });
    if (rule?.preset === "drop-after") return undefined;
    if (rule?.preset === "truncated") return await cutInHalf(ordinary);
    return ordinary;
  };

  const response = await reply();
  recorded.status = response?.status ?? 0;
  return response;
}

async function route(exchange: Exchange): Promise<Response> {
  try {
    return await handlerOf(exchange)();
  } catch (error) {
    if (error instanceof ApiError) return error.toResponse();
    throw error;
  }
}

function handlerOf(exchange: Exchange): () => Response | Promise<Response> {
  const { request, url, record } = exchange;
  const path = decodeURIComponent(url.pathname);
  const matches = (method: string, pattern: RegExp) =>
    request.method === method ? pattern.exec(path)?.slice(1) : undefined;
  let found: string[] | undefined;

  if ((found = matches("GET", /^\/media\/([^/]+)\.mp4$/))) {
    const [id] = found;
    return () => media(exchange, id);
  }
  if ((found = matches("GET", /^\/v1beta\/files\/([^/:]+):download$/))) {
    const [id] = found;
    return () => download(exchange, id);
  }
  requireKey(record.key);
  if ((found = matches("POST", /^\/v1beta\/models\/([^/:]+):generateContent$/))) {
    const [model] = found;
    return () => generateContent(exchange, model);
  }
  if ((found = matches("POST", /^\/v1beta\/models\/([^/:]+):predictLongRunning$/))) {
    const [model] = found;
    return () => predictLongRunning(exchange, model);
  }
  if ((found = matches("GET", /^\/v1beta\/models\/([^/:]+)$/))) {
    const [model] = found;
    return () => describeModel(model);
  }
  if ((found = matches("GET", /^\/v1beta\/(models\/[^/]+\/operations\/[^/]+)$/))) {
    const [name] = found;
    return () => pollOperation(exchange, name);
  }
  if (matches("POST", /^\/v1beta\/interactions$/)) return () => createInteraction(exchange);
  if ((found = matches("GET", /^\/v1beta\/interactions\/([^/]+)$/))) {
    const [id] = found;
    return () => pollInteraction(exchange, id);
  }
  if ((found = matches("POST", /^\/v1beta\/interactions\/([^/]+)\/cancel$/))) {
    const [id] = found;
    return () => cancelInteraction(exchange, id);
  }
  throw new ApiError(404, "NOT_FOUND", `${request.method} ${path} is no method of this API.`);
}

/** A complete HTTP message whose JSON (or video) is not. */
async function cutInHalf(response: Response): Promise<Response> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  return new Response(bytes.slice(0, Math.floor(bytes.length / 2)), {
    status: response.status,
    headers,
  });
}
