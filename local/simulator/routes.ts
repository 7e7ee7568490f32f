/** Finds the handler of a request. */
import { keyUse, requireKey } from "./api_key.ts";
import { ApiError } from "./google_errors.ts";
import { generateContent } from "./images/generate_content.ts";
import { describeModel } from "./model_list.ts";
import { plainAnswer } from "./presets.ts";
import { record } from "./recording.ts";
import { delay, type RequestContext, type State } from "./state.ts";
import { download, media } from "./videos/files.ts";
import { cancelInteraction, createInteraction, pollInteraction } from "./videos/interaction.ts";
import { pollOperation } from "./videos/operation.ts";
import { predictLongRunning } from "./videos/veo.ts";
import { requireToken } from "./vertex/access.ts";
import { createAtVertex, generateAtVertex } from "./vertex/gemini.ts";
import { PROJECT } from "./vertex/service_account.ts";
import { issueToken } from "./vertex/token.ts";
import { fetchPredictOperation, predictAtVertex, storageObject } from "./vertex/videos.ts";

/** `undefined` means: close the connection without an answer. */
export type Answer = Response | undefined;

export async function answer(state: State, request: Request, body: string): Promise<Answer> {
  const url = new URL(request.url);
  const recorded = record(request, url, body, keyUse(request, url, state));
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

type Handler = (context: RequestContext, parameter: string) => Response | Promise<Response>;

/** The handlers by method and path; what the pattern captures is the handler's parameter. */
const ROUTES: [method: string, path: RegExp, handler: Handler][] = [
  ["POST", /^\/v1beta\/models\/([^/:]+):generateContent$/, generateContent],
  ["POST", /^\/v1beta\/models\/([^/:]+):predictLongRunning$/, predictLongRunning],
  ["GET", /^\/v1beta\/models\/([^/:]+)$/, (_, model) => describeModel(model)],
  ["GET", /^\/v1beta\/(models\/[^/]+\/operations\/[^/]+)$/, pollOperation],
  ["POST", /^\/v1beta\/interactions$/, createInteraction],
  ["GET", /^\/v1beta\/interactions\/([^/]+)$/, pollInteraction],
  ["POST", /^\/v1beta\/interactions\/([^/]+)\/cancel$/, cancelInteraction],
];

/** Vertex AI. The parameter of the first three is the resource of the model. */
const VERTEX_ROUTES: typeof ROUTES = [
  ["POST", vertexMethod("predictLongRunning"), predictAtVertex],
  ["POST", vertexMethod("fetchPredictOperation"), fetchPredictOperation],
  ["POST", vertexMethod("generateContent"), generateAtVertex],
  ["POST", vertexInteractions(""), createAtVertex],
  ["GET", vertexInteractions("/([^/]+)"), pollInteraction],
  ["POST", vertexInteractions("/([^/]+)/cancel"), cancelInteraction],
  ["GET", /^\/storage\/v1\/b\/([^/]+\/o\/.+)$/, storageObject],
];

function vertexMethod(method: string): RegExp {
  return new RegExp(
    `^/v1(?:beta1)?/((?:projects/[^/]+/locations/[^/]+/)?publishers/google/models/[^/:]+):${method}$`,
  );
}

/** They are at the location `global` alone. */
function vertexInteractions(rest: string): RegExp {
  return new RegExp(`^/v1beta1/projects/${PROJECT}/locations/global/interactions${rest}$`);
}

/** Routes that check the key themselves. */
const FILE_ROUTES: typeof ROUTES = [
  ["GET", /^\/media\/([^/]+)\.mp4$/, media],
  ["GET", /^\/v1beta\/files\/([^/:]+):download$/, download],
  ["POST", /^\/token$/, issueToken],
];

async function route(context: RequestContext): Promise<Response> {
  try {
    const vertex = find(VERTEX_ROUTES, context);
    const file = find(FILE_ROUTES, context);
    if (vertex !== undefined) requireToken(context);
    else if (file === undefined) requireKey(context.record.key);
    const handle = vertex ?? file ?? find(ROUTES, context);
    if (handle !== undefined) return await handle();
    const { request, url } = context;
    throw new ApiError(
      404,
      "NOT_FOUND",
      `${request.method} ${url.pathname} is no method of this API.`,
    );
  } catch (error) {
    if (error instanceof ApiError) return error.toResponse();
    throw error;
  }
}

function find(routes: typeof ROUTES, context: RequestContext) {
  const path = decodeURIComponent(context.url.pathname);
  for (const [method, pattern, handler] of routes) {
    const match = context.request.method === method ? pattern.exec(path) : null;
    if (match) return () => handler(context, match[1]);
  }
}

/** A complete HTTP message with half of its body. */
async function cutInHalf(response: Response): Promise<Response> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  return new Response(bytes.slice(0, Math.floor(bytes.length / 2)), {
    status: response.status,
    headers,
  });
}
