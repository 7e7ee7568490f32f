/**
 * Whether the provider accepts the key and has the models.
 *
 * Only the function holds the key, so only it can ask. The requests generate nothing and cost
 * nothing: `GET /models/{model}`, and for images a request that has to be refused. A model that is
 * listed may be closed to the key: then that request answers 404, and 400 where it is open, as callers
 * report in Google's forum. There is no such request for videos: an empty one was billed. Vertex AI is
 * asked for an operation that does not exist, which takes a token and the right to call models.
 * Source: https://ai.google.dev/api/models#method:-models.get
 */
import { KB, textOf } from "./bounded_body.ts";
import type { Adapter } from "./core.ts";
import type { Configuration } from "./environment.ts";
import { KnownSecrets } from "./known_secrets.ts";
import { isOfVertex, type Kind } from "./models.ts";
import { type Send, withCredentials } from "./requests.ts";
import { vertexAdapter } from "./vertex/adapter.ts";
import { operationOfNone } from "./vertex/address.ts";
import { vertexSecrets } from "./vertex/settings.ts";

/** The provider's answer about one model. */
export interface ModelState {
  model: string;
  /**
   * `usable`: it takes requests. `listed`: the provider has it, and a job finds out whether it can be
   * used. `signed_in`: the account may call models, and a job finds out whether this one is there.
   */
  state:
    | "usable"
    | "listed"
    | "signed_in"
    | "gone"
    | "key_refused"
    | "account_refused"
    | "quota_exhausted"
    | "unreachable"
    | "unclear";
  /** Missing if no answer came. */
  httpStatus?: number;
  /** The error message of the provider, if it gave one. */
  detail?: string;
}

/** In milliseconds. */
const TIMEOUT = 10_000;
/** The description of a model has some kilobytes. */
const MOST_BYTES = 64 * KB;
/** Error messages are shorter; a page of HTML is cut. */
const LONGEST_DETAIL = 500;

/** No model makes an image of this shape and size. */
const REFUSED = JSON.stringify({
  contents: [{ role: "user", parts: [{ text: "-" }] }],
  generationConfig: {
    responseModalities: ["IMAGE"],
    imageConfig: { aspectRatio: "0:0", imageSize: "0K" },
  },
});

/** Asks about each of the configured models, all at the same time. */
export function askProvider(
  { googleBaseUrl, googleApiKey, vertex, models }: Configuration,
  { kind, send = fetch, timeout = TIMEOUT, userAgent = "generation-queue" }: {
    kind: Kind;
    userAgent?: string;
    send?: Send;
    timeout?: number;
  },
): Promise<ModelState[]> {
  // Before a text is cut: a part of a key would not be recognised.
  const secrets = new KnownSecrets([googleApiKey ?? "", ...vertexSecrets(vertex)]);
  const named: Send = (url, { headers, ...init }) =>
    send(url, { ...init, headers: { ...headers, "user-agent": userAgent } });
  const signed = withCredentials(googleApiKey ? { "x-goog-api-key": googleApiKey } : {});
  const gemini: Adapter = {
    url: googleBaseUrl,
    fetch: (url, init) => named(url, signed(init)),
  };
  const asker = (adapter: Adapter) => async (model: string, path: string, body?: string) => {
    const request: RequestInit = {
      method: body ? "POST" : "GET",
      headers: { accept: "application/json", ...(body && { "content-type": "application/json" }) },
      body,
      // The key is for this origin and no other.
      redirect: "manual",
      signal: AbortSignal.timeout(timeout),
    };
    try {
      const response = await adapter.fetch(`${adapter.url}/${path}`, request);
      const error = errorIn(secrets.hide(await textOf(response.body, MOST_BYTES)));
      return { model, ...stateOf(response, error), httpStatus: response.status };
    } catch (error) {
      const detail = detailOf(secrets.hide((error as Error).message));
      return { model, state: "unreachable", detail } as ModelState;
    }
  };
  const askGemini = asker(gemini);
  const askVertex = asker(vertexAdapter(vertex, secrets, named));
  return Promise.all(models.map((model) => {
    if (!isOfVertex(model)) return geminiState(askGemini, model, kind);
    return vertexState(askVertex, model, kind, operationOfNone(vertex));
  }));
}

type Ask = (model: string, path: string, body?: string) => Promise<ModelState>;

async function geminiState(ask: Ask, model: string, kind: Kind): Promise<ModelState> {
  const listed = await ask(model, `models/${model}`);
  if (listed.state !== "listed" || kind !== "image") return listed;
  const answer = await ask(model, `models/${model}:generateContent`, REFUSED);
  if (isOpen(answer)) return { model, state: "usable", httpStatus: 400 };
  return ["gone", "key_refused", "account_refused"].includes(answer.state) ? answer : listed;
}

async function vertexState(
  ask: Ask,
  model: string,
  kind: Kind,
  operation: { path: string; name: string },
): Promise<ModelState> {
  const name = model.replace("vertex/", "");
  const answer = kind === "image"
    ? await ask(model, `v1/publishers/google/models/${name}:generateContent`, REFUSED)
    : await ask(model, operation.path, JSON.stringify({ operationName: operation.name }));
  const { httpStatus, state } = answer;
  // The token is accepted, and the account may not call models of this project.
  if (httpStatus === 403) return { ...answer, state: "account_refused" };
  if (kind === "image") return isOpen(answer) ? { model, state: "usable", httpStatus } : answer;
  return isOpen(answer) || state === "gone" ? { model, state: "signed_in", httpStatus } : answer;
}

/** Whether the request was refused for what it asks for. */
function isOpen({ httpStatus, state }: ModelState): boolean {
  return httpStatus === 400 && state === "unclear";
}

interface ProviderError {
  status?: unknown;
  message?: unknown;
  details?: unknown;
}

function stateOf(
  { ok, status }: Response,
  error: ProviderError | undefined,
): Pick<ModelState, "state" | "detail"> {
  const detail = detailOf(error?.message);
  if (ok) return { state: "listed" };
  // A wrong key is a 400 like any other bad request; its reason tells it apart.
  if (status === 401 || status === 403 || isAboutKey(error)) {
    return { state: "key_refused", detail };
  }
  // Where the request comes from, or that nothing is paid for there.
  if (status === 402 || error?.status === "FAILED_PRECONDITION") {
    return { state: "account_refused", detail };
  }
  if (status === 429) return { state: "quota_exhausted", detail };
  // A proxy that knows no such path answers 404 as well, but not in the provider's form.
  if (status === 404 && error) return { state: "gone", detail };
  if (status >= 500) return { state: "unreachable", detail };
  return { state: "unclear", detail };
}

function isAboutKey(error: ProviderError | undefined): boolean {
  const details = Array.isArray(error?.details) ? error.details : [];
  return details.some((detail) => /^API_KEY_/.test(detail?.reason));
}

/** The `error` of an answer; some servers put it into a list. */
function errorIn(text: string): ProviderError | undefined {
  try {
    const value = JSON.parse(text);
    const error = (Array.isArray(value) ? value[0] : value)?.error;
    return typeof error === "object" && error !== null ? error : undefined;
  } catch {
    return undefined;
  }
}

function detailOf(message: unknown): string | undefined {
  return typeof message === "string" ? message.slice(0, LONGEST_DETAIL) : undefined;
}
