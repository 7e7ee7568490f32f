/**
 * Whether the provider accepts the key and has the models.
 *
 * Only the function holds the key, so only it can ask. The requests generate nothing and cost
 * nothing: `GET /models/{model}`, and for images a request that has to be refused. A model that is
 * listed may be closed to the key: then that request answers 404, and 400 where it is open, as callers
 * report in Google's forum. There is no such request for videos: an empty one was billed.
 * Source: https://ai.google.dev/api/models#method:-models.get
 */
import type { Configuration } from "./environment.ts";
import { KnownSecrets } from "./known_secrets.ts";
import type { Kind } from "./models.ts";

/** The provider's answer about one model. */
export interface ModelState {
  model: string;
  /**
   * `usable`: it takes requests. `listed`: the provider has it, and a job finds out whether it can be
   * used. `unchecked`: nothing was asked.
   */
  state:
    | "usable"
    | "listed"
    | "unchecked"
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
  { googleBaseUrl, googleApiKey, models }: Configuration,
  { kind, send = fetch, timeout = TIMEOUT, userAgent = "generation-queue" }: {
    kind: Kind;
    userAgent?: string;
    send?: (request: Request) => Promise<Response>;
    timeout?: number;
  },
): Promise<ModelState[]> {
  // Before a text is cut: a part of a key would not be recognised.
  const secrets = new KnownSecrets([googleApiKey ?? ""]);
  const ask = async (model: string, path: string, body?: string): Promise<ModelState> => {
    const request = new Request(`${googleBaseUrl}/models/${path}`, {
      method: body ? "POST" : "GET",
      headers: {
        accept: "application/json",
        "user-agent": userAgent,
        ...(body && { "content-type": "application/json" }),
        ...(googleApiKey && { "x-goog-api-key": googleApiKey }),
      },
      body,
      // The key is for this origin and no other.
      redirect: "manual",
      signal: AbortSignal.timeout(timeout),
    });
    try {
      const response = await send(request);
      const error = errorIn(secrets.hide(await response.text()));
      return { model, ...stateOf(response, error), httpStatus: response.status };
    } catch (error) {
      return { model, state: "unreachable", detail: detailOf((error as Error).message) };
    }
  };
  return Promise.all(models.map(async (model) => {
    if (model.startsWith("vertex/")) return { model, state: "unchecked" };
    const listed = await ask(model, model);
    if (listed.state !== "listed" || kind !== "image") return listed;
    const answer = await ask(model, `${model}:generateContent`, REFUSED);
    if (answer.httpStatus === 400 && answer.state === "unclear") {
      return { model, state: "usable", httpStatus: 400 };
    }
    return ["gone", "key_refused", "account_refused"].includes(answer.state) ? answer : listed;
  }));
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
