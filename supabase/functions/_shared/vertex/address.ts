/**
 * Where Vertex AI serves a path. The core names a path and, of an operation, the project and location
 * that it is in; the rest is told by the settings, as Google's own clients do it.
 */
import { isLocation, type VertexSettings } from "./settings.ts";

/** The address that stands for all of Vertex AI; also the one that serves `global` and API keys. */
const GLOBAL = "https://aiplatform.googleapis.com";

/** Where Cloud Storage serves objects. https://cloud.google.com/storage/docs/request-endpoints */
const STORAGE = "https://storage.googleapis.com";
const OBJECTS = /^\/storage\/v1\/b\/[^/]+\/o\/[^/]+$/;

/** Interactions are served at this location alone. */
const INTERACTIONS = /^\/v1beta1\/interactions(\/|$)/;

/** The address under which the core asks for paths of Vertex AI. */
export function vertexUrl(settings: VertexSettings | undefined): string {
  return settings?.baseUrl ?? GLOBAL;
}

/**
 * The address to request instead of the core's, if the credentials belong there: undefined for any
 * other server, such as one that a download is redirected to.
 */
export function vertexAddress(settings: VertexSettings, requested: string): string | undefined {
  const url = new URL(requested);
  const base = new URL(vertexUrl(settings));
  // An API key opens no bucket.
  if (settings.project && url.origin === STORAGE && OBJECTS.test(url.pathname)) {
    return settings.baseUrl ? `${settings.baseUrl}${url.pathname}${url.search}` : url.href;
  }
  const prefix = base.pathname.replace(/\/+$/, "");
  if (url.origin !== base.origin || !url.pathname.startsWith(`${prefix}/`)) return undefined;
  const path = inProject(settings, url.pathname.slice(prefix.length));
  return `${settings.baseUrl ?? hostOf(settings, path)}${path}${url.search}`;
}

/** An operation that does not exist, of a model that does: its name, and the path to ask for it. */
export function operationOfNone(settings: VertexSettings | undefined) {
  const { id, location } = settings?.project ?? { id: "none", location: "us-central1" };
  const model = "publishers/google/models/veo-3.1-fast-generate-001";
  const resource = `projects/${id}/locations/${location}/${model}`;
  const name = `${resource}/operations/00000000-0000-0000-0000-000000000000`;
  return { name, path: `v1/${resource}:fetchPredictOperation` };
}

/** The path with project and location, unless it has them. An API key belongs to a project. */
function inProject({ project }: VertexSettings, path: string): string {
  if (!project || /^\/[^/]+\/projects\//.test(path)) return path;
  const location = INTERACTIONS.test(path) ? "global" : project.location;
  const [, version, rest] = /^\/([^/]+)\/(.*)$/s.exec(path)!;
  return `/${version}/projects/${project.id}/locations/${location}/${rest}`;
}

/**
 * The host of the location that a path names. An operation stays where it was begun, whatever
 * location new ones get. Source: https://cloud.google.com/vertex-ai/docs/reference/rest
 */
function hostOf({ project }: VertexSettings, path: string): string {
  const location = /^\/[^/]+\/projects\/[^/]+\/locations\/([^/]+)\//.exec(path)?.[1];
  if (!project || location === undefined || location === "global") return GLOBAL;
  if (!isLocation(location)) throw new TypeError("refused: the path names no location");
  // `us` and `eu` are several regions together, with hosts of their own form.
  return location.includes("-")
    ? `https://${location}-aiplatform.googleapis.com`
    : `https://aiplatform.${location}.rep.googleapis.com`;
}
