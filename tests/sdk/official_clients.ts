/**
 * `@google/genai` in the versions that the tests need. It is not imported: Deno downloads every
 * package that deno.json or deno.lock names before the first task runs, and only tests need these.
 * The types cover what the tests use.
 */
import { createRequire } from "node:module";
import { packageFile } from "../../local/npm_package.ts";

/**
 * The last version that speaks Veo with an API key, and the one that speaks Omni's interactions and
 * Vertex AI.
 */
const VERSIONS = { imageAndVeo: "2.32.0", omni: "3.1.0" };
const AUTH = { name: "google-auth-library", version: "10.9.1", path: "package.json" };

export interface ClientOptions {
  apiKey: string;
  httpOptions: { baseUrl: string; apiVersion: string };
}

interface TokenCount {
  modality?: string;
  tokenCount?: number;
}

export interface ContentReply {
  candidates?: {
    finishReason?: string;
    content?: { parts?: { inlineData?: { mimeType?: string; data?: string } }[] };
  }[];
  promptFeedback?: { blockReason?: string };
  modelVersion?: string;
  usageMetadata?: {
    promptTokensDetails?: TokenCount[];
    candidatesTokensDetails?: TokenCount[];
  };
}

export interface VideosOperation {
  name?: string;
  done?: boolean;
  error?: { code?: unknown };
  response?: {
    generatedVideos?: { video?: { uri?: string; videoBytes?: string } }[];
    raiMediaFilteredCount?: number;
    raiMediaFilteredReasons?: string[];
  };
}

/** The client for images and Veo. */
export interface ImageAndVeoClient {
  models: {
    generateContent(request: Record<string, unknown>): Promise<ContentReply>;
    generateVideos(request: Record<string, unknown>): Promise<VideosOperation>;
  };
  operations: {
    getVideosOperation(request: { operation: VideosOperation }): Promise<VideosOperation>;
  };
  files: { download(request: Record<string, unknown>): Promise<void> };
}

export interface Interaction {
  id: string;
  status: string;
  output_image?: { data?: string; mime_type?: string };
  output_video?: { uri?: string; data?: string; mime_type?: string };
}

/** The client for Omni. */
export interface OmniClient {
  interactions: {
    create(request: Record<string, unknown>, options?: unknown): Promise<Interaction>;
    get(id: string): Promise<Interaction>;
    cancel(id: string): Promise<Interaction>;
  };
}

/** The client for Vertex AI. */
export type VertexClient = Pick<ImageAndVeoClient, "models" | "operations"> & OmniClient;

export interface VertexOptions {
  enterprise: true;
  project: string;
  location: string;
  httpOptions: { baseUrl: string; apiVersion: string };
  googleAuthOptions: { authClient: JwtClient };
}

/** A service account. Its token endpoint is Google's, unless its `fetch` leads elsewhere. */
export interface JwtClient {
  getAccessToken(): Promise<{ token?: string | null }>;
}

export interface JwtOptions {
  email: string;
  key: string;
  scopes: string[];
  transporterOptions: { fetchImplementation: typeof fetch };
}

type Constructor<Client, Options = ClientOptions> = new (options: Options) => Client;

async function load<Client, Options = ClientOptions>(
  version: string,
): Promise<Constructor<Client, Options>> {
  const name = "@google/genai";
  const manifest = await packageFile({ name, version, path: "package.json" });
  return createRequire(manifest)(name).GoogleGenAI;
}

export const ImageAndVeoClient = await load<ImageAndVeoClient>(VERSIONS.imageAndVeo);
export const OmniClient = await load<OmniClient>(VERSIONS.omni);
export const VertexClient = await load<VertexClient, VertexOptions>(VERSIONS.omni);
export const JwtClient: Constructor<JwtClient, JwtOptions> =
  createRequire(await packageFile(AUTH))(AUTH.name).JWT;
