/**
 * The console as a server: the page's files, which project it is for, and that project. The local stack
 * has it at `/`, `deno task console` serves it for a project of one's own.
 *
 * @module
 */
import { refuseForeignHost, refuseForeignPage } from "./callers.ts";
import { type PageFile, pageFile } from "./files.ts";
import { type Connection, refuseOtherUser } from "./machine_user.ts";
import { type ConsoleProject, passOn } from "./project_access.ts";
import { passRealtimeOn, REALTIME, refuseForeignSocket } from "./realtime.ts";

/** Where the page finds the project. */
const PROJECT = "/project";
/** What the page asks for first. */
const SETTINGS = "/console.json";

/** What nothing that is served here may do, whatever is in it. */
const NOTHING = "default-src 'none'; frame-ancestors 'none'; sandbox";

export class ConsoleSite {
  /** The last compressed form of each file, with the tag of what was compressed. */
  readonly #compressed = new Map<string, { etag: string; bytes: Uint8Array<ArrayBuffer> }>();
  readonly #policy: string;

  constructor(
    private readonly project: ConsoleProject,
    private readonly refuse = refuseOtherUser,
  ) {
    this.#policy = policyOf(project);
  }

  /**
   * The reply to a request that came by a connection; undefined if the console has nothing at its path.
   */
  async handle(request: Request, connection: Connection): Promise<Response | undefined> {
    const { pathname, search } = new URL(request.url);
    const isProject = pathname.startsWith(`${PROJECT}/`);
    const isSettings = pathname === SETTINGS;
    if (isProject || isSettings) {
      const refusal = await this.refuse(connection);
      if (refusal) return guarded(refusal, NOTHING);
    }
    const path = pathname.slice(PROJECT.length) + search;
    if (isProject && this.project.realtime && pathname === PROJECT + REALTIME) {
      return refuseForeignHost(request) ?? refuseForeignSocket(request) ??
        passRealtimeOn(request, path, this.project);
    }
    if (isProject || isSettings) {
      const reply = refuseForeignHost(request) ?? refuseForeignPage(request) ??
        (isProject ? await passOn(request, path, this.project) : this.#settings(request));
      return guarded(reply, NOTHING);
    }
    const file = await pageFile(pathname.slice(1));
    if (!file) return undefined;
    const refusal = refuseForeignHost(request) ?? refuseWriting(request);
    return guarded(refusal ?? await this.#reply(request, pathname, file), this.#policy);
  }

  /** Where the page's project is, and that no key is needed there. */
  #settings(request: Request): Response {
    const { url, publicUrl, realtime } = this.project;
    const own = new URL(request.url).origin + PROJECT;
    return Response.json({ url: own, proxied: true, project: publicUrl ?? url, realtime });
  }

  async #reply(request: Request, path: string, { type, bytes }: PageFile): Promise<Response> {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const etag = `"${digest.toHex().slice(0, 32)}"`;
    const headers = new Headers({ "content-type": type, etag, vary: "accept-encoding" });
    if (request.headers.get("if-none-match")?.includes(etag)) {
      return new Response(null, { status: 304, headers });
    }
    const accepted = request.headers.get("accept-encoding") ?? "";
    if (!/\bgzip\b/.test(accepted) || /^image\/(?!svg)/.test(type)) {
      return new Response(bytes, { headers });
    }
    let compressed = this.#compressed.get(path);
    if (compressed?.etag !== etag) {
      compressed = { etag, bytes: await gzip(bytes) };
      this.#compressed.set(path, compressed);
    }
    headers.set("content-encoding", "gzip");
    return new Response(compressed.bytes, { headers });
  }
}

function refuseWriting({ method }: Request): Response | undefined {
  if (["GET", "HEAD"].includes(method)) return undefined;
  const headers = { allow: "GET, HEAD" };
  return Response.json({ message: "Method Not Allowed" }, { status: 405, headers });
}

/** What the page may load: itself, and images and videos of the project and of the web. */
function policyOf({ url, publicUrl = url }: ConsoleProject): string {
  const assets = [...new Set([url, publicUrl].map((it) => new URL(it).origin))].join(" ");
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "connect-src 'self'",
    `img-src 'self' data: https: ${assets}`,
    `media-src 'self' data: https: ${assets}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** The reply, with what keeps other sites from using it. */
function guarded(response: Response, policy: string): Response {
  const headers = new Headers(response.headers);
  headers.set("content-security-policy", policy);
  headers.set("x-content-type-options", "nosniff");
  headers.set("x-frame-options", "DENY");
  headers.set("referrer-policy", "no-referrer");
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-resource-policy", "same-origin");
  headers.set("cache-control", headers.has("etag") ? "no-cache" : "no-store");
  return new Response(response.body, { status: response.status, headers });
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return await new Response(stream).bytes();
}
