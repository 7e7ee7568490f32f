/**
 * Simulates the Gemini API for images, Veo and Omni: its wire protocol, its errors in their real
 * shapes, pictures that show their prompt, and videos that play.
 *
 *     await using simulator = await startSimulator();
 *     simulator.script({ match: { kind: "image" }, preset: "quota", retryDelay: "1s" });
 */
import { generateApiKey } from "./api_key.ts";
import { serve } from "./http_server.ts";
import { emptyMemory, recall, remember } from "./memory.ts";
import { drawn, type Painter } from "./painter.ts";
import type { RecordedRequest } from "./recording.ts";
import { answer } from "./routes.ts";
import { Script, type ScriptRule } from "./script.ts";
import type { State } from "./state.ts";
import { PROJECT, serviceAccount } from "./vertex/service_account.ts";

export type { Painter } from "./painter.ts";
export type { RecordedRequest, RequestKind } from "./recording.ts";
export type { Preset, ScriptRule } from "./script.ts";

export interface SimulatorOptions {
  /** 0, the default, takes a free port. */
  port?: number;
  /** Generated if it is not given. */
  apiKey?: string;
  /** How long an image takes, in milliseconds. Default 0. */
  imageDelayMs?: number;
  /** How long a video operation stays pending, in milliseconds. Default 0. */
  videoDelayMs?: number;
  /** Changes the pictures. Default 0. */
  seed?: number;
  /** Makes the pictures and films, instead of drawing them. */
  painter?: Painter;
  /** Decides about a request that no scripted rule matches. */
  fault?: (request: RecordedRequest) => ScriptRule | undefined;
  /** A file in which the videos survive a restart. Without it they are lost with the simulator. */
  memoryFile?: string;
  /** Ignore what `memoryFile` holds. */
  forget?: boolean;
}

export interface Simulator extends AsyncDisposable {
  /** Base URL of the API, for `GOOGLE_GENERATIVE_AI_BASE_URL`: ends in /v1beta. */
  url: string;
  apiKey: string;
  /** The variables by which the functions reach it as Vertex AI, as a service account of its own. */
  vertexVariables(): Record<string, string>;
  /** Makes the access tokens invalid that were issued so far. */
  revokeTokens(): void;
  /** Every request so far, oldest first. Those with `accepted` would have been billed. */
  requests: RecordedRequest[];
  /** How often an image or a video was paid for. */
  accepted(kind: "image" | "video"): number;
  /** Adds a rule for the next matching requests. */
  script(rule: ScriptRule): void;
  /** Forgets the rules and the requests. */
  reset(): void;
  close(): Promise<void>;
}

function vertexVariables(origin: string): Record<string, string> {
  const { clientEmail, privateKey } = serviceAccount();
  return {
    GOOGLE_VERTEX_BASE_URL: origin,
    GOOGLE_TOKEN_URL: `${origin}/token`,
    GOOGLE_VERTEX_PROJECT: PROJECT,
    GOOGLE_CLIENT_EMAIL: clientEmail,
    GOOGLE_PRIVATE_KEY: privateKey,
  };
}

/** Starts a simulator on 127.0.0.1. It runs in this process until it is closed. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, apiKey = generateApiKey(), imageDelayMs = 0, videoDelayMs = 0, seed = 0 } =
    options;
  const { memoryFile, forget = false, painter = drawn } = options;
  const closing = new AbortController();
  const state: State = {
    apiKey,
    tokens: new Set(),
    imageDelayMs,
    videoDelayMs,
    seed,
    painter,
    script: new Script(options.fault),
    requests: [],
    ...(memoryFile === undefined || forget ? emptyMemory() : recall(memoryFile)),
    remember: () => memoryFile && remember(memoryFile, state),
    closing: closing.signal,
  };

  const server = await serve(
    port,
    async (request) => await answer(state, request, await request.text()),
  );
  const close = async () => {
    if (closing.signal.aborted) return;
    closing.abort();
    await server.close();
  };
  return {
    url: `http://127.0.0.1:${server.port}/v1beta`,
    apiKey,
    vertexVariables: () => vertexVariables(`http://127.0.0.1:${server.port}`),
    revokeTokens: () => state.tokens.clear(),
    requests: state.requests,
    accepted: (kind: "image" | "video") =>
      state.requests.filter((request) => request.kind === kind && request.accepted).length,
    script: (rule: ScriptRule) => state.script.add(rule),
    reset: () => {
      state.script.clear();
      state.requests.length = 0;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
