import { brotliCompressSync, constants, deflateSync, gzipSync } from "node:zlib";
import { type HttpServer, serve } from "../../local/simulator/http_server.ts";
import type { Dice } from "./dice.ts";

/** What is done to the body of a reply. */
type Packing =
  | "gzip"
  | "x-gzip"
  | "deflate"
  | "br"
  | "none said, gzip sent"
  | "gzip said, none sent";

const HONEST: Partial<Record<Packing, number>> = { gzip: 3, "x-gzip": 1, deflate: 2, br: 2 };
const LIES: Partial<Record<Packing, number>> = {
  "none said, gzip sent": 1,
  "gzip said, none sent": 1,
};

export interface PackerOptions {
  /** The origin of the server behind it. */
  target: string;
  dice: Dice;
  /** How likely the body of a reply is compressed, and how likely it is lied about. */
  chances: { pack: number; lie: number };
}

/**
 * A server in front of another one that compresses bodies, though it is asked not to, with a length or in
 * chunks. Where a reply may be lost without leaving open what was paid for, it also lies about that.
 */
export class Packer implements AsyncDisposable {
  readonly counts: Record<string, number> = {};
  /** Compresses, but does not lie. */
  calm = false;
  port = 0;
  readonly #client = Deno.createHttpClient({ allowHost: true, poolMaxIdlePerHost: 0 });

  private constructor(
    private readonly options: PackerOptions,
    private readonly server: Promise<HttpServer>,
  ) {}

  static async start(options: PackerOptions): Promise<Packer> {
    const server = serve(0, (request) => packer.#answer(request));
    const packer = new Packer(options, server);
    packer.port = (await server).port;
    return packer;
  }

  async #answer(request: Request): Promise<Response | undefined> {
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    try {
      const response = await fetch(this.options.target + pathname + search, {
        method,
        headers, // with the host, by which processes are told apart
        body: request.body === null ? undefined : await request.bytes(),
        redirect: "manual",
        client: this.#client,
      } as RequestInit);
      return this.#pack(request, pathname, response, await response.bytes());
    } catch {
      return undefined; // the other server has closed the connection
    }
  }

  #pack({ method }: Request, path: string, reply: Response, bytes: Uint8Array<ArrayBuffer>) {
    const { dice, chances } = this.options;
    const headers = new Headers(reply.headers);
    const response = (body: Uint8Array) => {
      headers.delete("transfer-encoding");
      headers.delete("content-length");
      if (dice.chance(0.5)) headers.set("content-length", String(body.length));
      const empty = body.length === 0 || reply.status === 204 || reply.status === 304;
      const content = empty ? null : body as Uint8Array<ArrayBuffer>;
      return new Response(content, { status: reply.status, headers });
    };
    const mayLie = method === "GET" || path.endsWith(":generateContent");
    if (method === "HEAD" || bytes.length === 0 || reply.status === 206) return response(bytes);
    const lies = mayLie && !this.calm && dice.chance(chances.lie);
    if (!lies && !dice.chance(chances.pack)) return response(bytes);
    const packing = dice.weighted(lies ? LIES : HONEST);
    this.counts[packing] = (this.counts[packing] ?? 0) + 1;
    if (packing !== "none said, gzip sent") headers.set("content-encoding", packing.split(" ")[0]);
    return response(packed(packing, bytes));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.server).close();
    this.#client.close();
  }
}

function packed(packing: Packing, bytes: Uint8Array): Uint8Array {
  switch (packing) {
    case "gzip said, none sent":
      return bytes;
    case "deflate":
      return deflateSync(bytes);
    case "br":
      return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } });
    default:
      return gzipSync(bytes);
  }
}
