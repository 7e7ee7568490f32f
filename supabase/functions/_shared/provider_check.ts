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
import type { Verdict } from "./verdict.ts";

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
  /** The error code that a job would have. */
  code?: string;
  /** What the provider says, if it says something. */
  detail?: string;
}

/** What a job would report that had met an answer: the core knows. */
export type Judge = (model: string, answer: Response) => Promise<Verdict>;

/** In milliseconds. */
const TIMEOUT = 10_000;
/** The description of a model has some kilobytes. */
const MOST_BYTES = 64 * KB;
/** Statuses whose answers have no body. */
const WITHOUT_BODY = [204, 205, 304];

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
  { kind, judge, send = fetch, timeout = TIMEOUT, userAgent = "generation-queue" }: {
    kind: Kind;
    judge: Judge;
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
      const reply = await adapter.fetch(`${adapter.url}/${path}`, request);
      const { status } = reply;
      const text = secrets.hide(await textOf(reply, MOST_BYTES));
      const answer = new Response(WITHOUT_BODY.includes(status) ? null : text, { status });
      return { model, ...stateOf(await judge(model, answer)), httpStatus: status };
    } catch (error) {
      const detail = secrets.hide((error as Error).message);
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
  if (kind === "image") return isOpen(answer) ? { model, state: "usable", httpStatus } : answer;
  return isOpen(answer) || state === "gone" ? { model, state: "signed_in", httpStatus } : answer;
}

/** Whether the request was refused for what it asks for. */
function isOpen({ httpStatus, code }: ModelState): boolean {
  return httpStatus === 400 && code === "model_rejected_request";
}

/** By the error code of a job. */
const STATES: Record<string, ModelState["state"]> = {
  api_key_invalid: "key_refused",
  billing_refused: "account_refused",
  location_refused: "account_refused",
  account_refused: "account_refused",
  quota_exhausted: "quota_exhausted",
  provider_unavailable: "unreachable",
  reply_lost: "unreachable",
};

function stateOf({ code, message, standing }: Verdict): Omit<ModelState, "model"> {
  // A description was asked for, and has no image in it.
  if (code === "no_image") return { state: "listed" };
  // Another server may be at the address: then the model is not gone.
  const state = standing === "retired" ? "gone" : STATES[code] ?? "unclear";
  const said = message.replace(/^\S+ answered \d+: /, "");
  return { state, code, ...(!said.startsWith("no explanation") && { detail: said }) };
}
