/**
 * A gateway between the functions and the stack. It forwards requests, or answers them itself, or
 * drops the connection, as a test says.
 */
import { Entrance } from "../../local/simulator/entrance.ts";

/** The answer to give instead of the stack's; "drop" closes the connection without one. */
type Interference = (request: Request) => Response | "drop" | undefined;

export class Gateway implements AsyncDisposable {
  /** Decides about each request; undefined forwards it. */
  interfere: Interference = () => undefined;
  /** Where requests are forwarded to, and the key for it. */
  project = { url: "", key: "" };

  readonly #entrance: Entrance;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #closing = new AbortController();

  /** `key` is the key that the functions have, which is valid nowhere else. */
  constructor(private readonly key: string) {
    this.#server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      signal: this.#closing.signal,
      onListen: () => {},
    }, (request, { remoteAddr }) => this.#answer(request, remoteAddr.port));
    this.#entrance = new Entrance(0, this.#server.addr.port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#entrance.port}`;
  }

  async #answer(request: Request, port: number): Promise<Response> {
    const answer = this.interfere(request);
    if (answer instanceof Response) return answer;
    if (answer === "drop") {
      this.#entrance.drop(port);
      return new Response(null, { status: 500 }); // goes to a closed connection
    }
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#entrance.close();
    await this.#server.finished;
  }
}
