/**
 * A gateway between the functions and the stack. It forwards requests, or answers them itself, or
 * drops the connection, as a test says.
 */
import { type HttpServer, serve } from "../../local/simulator/http_server.ts";

/** The answer to give instead of the stack's; "drop" closes the connection without one. */
type Interference = (request: Request) => Response | "drop" | undefined;

export class Gateway implements AsyncDisposable {
  /** Decides about each request; undefined forwards it. */
  interfere: Interference = () => undefined;
  /** Where requests are forwarded to, and the key for it. */
  project = { url: "", key: "" };

  #server!: HttpServer;

  private constructor(private readonly key: string) {}

  /** `key` is the key that the functions have, which is valid nowhere else. */
  static async open(key: string): Promise<Gateway> {
    const gateway = new Gateway(key);
    gateway.#server = await serve(0, (request) => gateway.#answer(request));
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  async #answer(request: Request): Promise<Response | undefined> {
    const answer = this.interfere(request);
    if (answer !== undefined) return answer === "drop" ? undefined : answer;
    const { pathname, search } = new URL(request.url);
    const headers = new Headers(request.headers);
    headers.delete("authorization");
    if (headers.get("apikey") === this.key) headers.set("apikey", this.project.key);
    const { method, body } = request;
    const reply = await fetch(this.project.url + pathname + search, {
      method,
      headers,
      body,
      redirect: "manual",
    });
    const { status } = reply;
    const type = reply.headers.get("content-type");
    return new Response(reply.body, { status, headers: type ? { "content-type": type } : {} });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.close();
  }
}
