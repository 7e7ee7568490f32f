/** GET /v1beta/files/{id}:download, to which the uri of a finished video points. */
import { requireKey } from "../api_key.ts";
import { ApiError } from "../google_errors.ts";
import type { Film } from "../painter.ts";
import type { RequestContext, State } from "../state.ts";
import { newId } from "../state.ts";

/** Keeps the description of a video, which is made when it is first downloaded; returns its id. */
export function addFile(state: State, film: Film): string {
  const id = newId();
  state.files.set(id, film);
  return id;
}

/** The download address of a file, at the origin of the request. */
export function addressOf(url: URL, id: string): string {
  return `${url.origin}/v1beta/files/${id}:download?alt=media`;
}

export function download(context: RequestContext, id: string): Promise<Response> {
  requireKey(context.record.key);
  if (context.rule?.preset === "redirect") {
    return Promise.resolve(redirectElsewhere(context.url, id));
  }
  if (context.url.searchParams.get("alt") !== "media") {
    throw new ApiError(400, "INVALID_ARGUMENT", "Download requires alt=media.");
  }
  return send(context, id);
}

/**
 * GET /media/{id}.mp4, to which the preset "redirect" leads: a storage host that needs no key. It is
 * another origin of the same server. A client that still sends its key there leaks it, so that is
 * rejected, and no such client passes a test.
 */
export function media(context: RequestContext, id: string): Promise<Response> {
  if (context.record.key !== "none") {
    throw new ApiError(400, "INVALID_ARGUMENT", "simulator: the API key left its own origin");
  }
  return send(context, id);
}

function redirectElsewhere(url: URL, id: string): Response {
  const location = new URL(`/media/${id}.mp4`, url);
  location.hostname = url.hostname === "localhost" ? "127.0.0.1" : "localhost";
  return new Response(null, { status: 302, headers: { location: location.href } });
}

async function send({ state, request }: RequestContext, id: string): Promise<Response> {
  const film = state.files.get(id);
  if (film === undefined) {
    // The API does not distinguish a missing file from one of another project.
    throw new ApiError(
      403,
      "PERMISSION_DENIED",
      `You do not have permission to access the File ${id} or it may not exist.`,
    );
  }
  const response = fileResponse(await state.painter.film(film), request);
  response.headers.set("content-disposition", `attachment; filename="${id}.mp4"`);
  return response;
}

/** A file, or as much of it as the request asks for. */
export function fileResponse(file: Uint8Array, { headers: asked }: Request): Response {
  const range = /^bytes=(\d+)-(\d*)$/.exec(asked.get("range") ?? "");
  const first = Number(range?.[1] ?? 0);
  const bytes = file.slice(first, range?.[2] ? Number(range[2]) + 1 : undefined);
  const isPart = range !== null && bytes.length > 0;
  return new Response(isPart ? bytes : file.slice(), {
    status: isPart ? 206 : 200,
    headers: {
      "content-type": "video/mp4",
      "content-length": String(isPart ? bytes.length : file.length),
      ...(isPart && {
        "content-range": `bytes ${first}-${first + bytes.length - 1}/${file.length}`,
      }),
    },
  });
}
