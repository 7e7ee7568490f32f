import type { Dice } from "./dice.ts";

/** What happens to a request and its reply. */
export type Fate =
  | "pass"
  | "late" // the request is held back
  | "slow" // the reply is held back
  | "refused" // nothing of the request arrives
  | "request cut" // the first half of it arrives
  | "reply lost" // it was answered, but the answer does not arrive
  | "reply cut"; // the first half of the answer arrives

const WEIGHTS: Partial<Record<Fate, number>> = {
  late: 5,
  slow: 3,
  refused: 1,
  "request cut": 1,
  "reply lost": 4,
  "reply cut": 1,
};

/** A request that met a fault. */
export interface Incident {
  fate: Fate;
  /** Milliseconds since the epoch: when the request came, and when the fault ended it. */
  from: number;
  until: number;
  /** What had arrived of the request by then, with its headers, up to some length. */
  request: string;
}

/** How much of a request is kept: enough to reach a prompt behind a picture. */
const KEPT = 64 * 1024;

export interface ProxyOptions {
  /** The port behind it. */
  target: number;
  dice: Dice;
  /** How likely a request meets a fault. */
  trouble: number;
}

/**
 * A TCP proxy between one process and a service. Of HTTP/1.1 it knows only that a connection carries
 * a request, then its reply, then the next request.
 */
export class FaultyProxy {
  readonly port: number;
  readonly incidents: Incident[] = [];
  requests = 0;
  #listener: Deno.TcpListener;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #served = new Set<Promise<void>>();
  readonly #late = new Set<Promise<void>>();
  #closed = false;

  constructor(private readonly options: ProxyOptions) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#accept(this.#listener);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Cuts all connections and refuses new ones, for some milliseconds. */
  async fail(milliseconds: number): Promise<void> {
    if (this.#closed) return;
    const from = Date.now();
    this.#listener.close();
    this.#cut();
    await pause(milliseconds);
    while (!this.#closed) {
      try {
        this.#listener = Deno.listen({ hostname: "127.0.0.1", port: this.port });
        this.#accept(this.#listener);
        break;
      } catch (error) {
        // Another connection got the port meanwhile; it will not keep it for long.
        if (!(error instanceof Deno.errors.AddrInUse)) throw error;
        await pause(100);
      }
    }
    this.incidents.push({ fate: "refused", from, until: Date.now(), request: "" });
  }

  /** Lets late requests arrive, even if their process is gone, and closes. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    closeQuietly(this.#listener);
    await Promise.all(this.#late);
    this.#cut();
    await Promise.all(this.#served);
  }

  /** Holds a request back. */
  async hold(milliseconds: number): Promise<void> {
    // A little longer, so that it is passed on before the proxy closes.
    const late = pause(milliseconds + 100).then(() => void this.#late.delete(late));
    this.#late.add(late);
    await pause(milliseconds);
  }

  #cut(): void {
    for (const connection of this.#connections) closeQuietly(connection);
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    for (;;) {
      let client: Deno.TcpConn;
      try {
        client = await listener.accept();
      } catch {
        return; // closed
      }
      const served = this.#serve(client).finally(() => this.#served.delete(served));
      this.#served.add(served);
    }
  }

  async #serve(client: Deno.TcpConn): Promise<void> {
    let server: Deno.TcpConn;
    try {
      server = await Deno.connect({ hostname: "127.0.0.1", port: this.options.target });
    } catch {
      closeQuietly(client);
      return;
    }
    const both = [client, server];
    for (const connection of both) {
      this.#connections.add(connection);
      connection.setNoDelay();
    }
    const connection = new ProxiedConnection(this);
    const end = () => both.forEach(closeQuietly);
    await Promise.all([
      pass(client, (bytes) => connection.request(bytes, server)).catch(() => {}).finally(end),
      pass(server, (bytes) => connection.reply(bytes, client)).catch(() => {}).finally(end),
    ]);
    connection.broken();
    for (const connection of both) this.#connections.delete(connection);
  }

  /** Decides what happens to a request that begins like this. */
  decide(head: string): { fate: Fate; delay: number } {
    this.requests += 1;
    const { dice, trouble } = this.options;
    const delay = dice.between(100, 1500);
    // The order of two copies only matters if they cross.
    const crosses = trouble > 0 && dice.chance(0.2) && head.includes("/object/copy");
    const fate = dice.chance(trouble) ? dice.weighted(WEIGHTS) : crosses ? "late" : "pass";
    return { fate, delay };
  }
}

/** The requests and replies of one connection. */
class ProxiedConnection {
  #underWay = false;
  #incident: Incident = { fate: "pass", from: 0, until: 0, request: "" };
  #delay = 0;

  constructor(private readonly proxy: FaultyProxy) {}

  /** Passes a part of a request on. False ends the connection. */
  async request(bytes: Uint8Array, server: Deno.TcpConn): Promise<boolean> {
    const begins = !this.#underWay;
    if (begins) {
      this.#underWay = true;
      const { fate, delay } = this.proxy.decide(latin1.decode(bytes.subarray(0, 200)));
      this.#delay = delay;
      this.#incident = { fate, from: Date.now(), until: 0, request: "" };
    }
    const incident = this.#incident;
    if (incident.request.length < KEPT) incident.request += latin1.decode(bytes);
    if (incident.fate === "refused") return false;
    if (incident.fate === "late" && begins) {
      this.#note();
      await this.proxy.hold(this.#delay);
    }
    if (incident.fate === "request cut") {
      await write(server, bytes.subarray(0, bytes.length >> 1));
      return false;
    }
    await write(server, bytes);
    return true;
  }

  /** The same for a reply. */
  async reply(bytes: Uint8Array, client: Deno.TcpConn): Promise<boolean> {
    const begins = this.#underWay;
    this.#underWay = false;
    const { fate } = this.#incident;
    if (!begins || fate === "pass" || fate === "late") {
      await write(client, bytes);
      return true;
    }
    if (fate === "slow") {
      this.#note();
      await pause(this.#delay);
      await write(client, bytes);
      return true;
    }
    if (fate === "reply cut") await write(client, bytes.subarray(0, bytes.length >> 1));
    this.#note();
    return false;
  }

  /** The connection is over. A request that is still under way was cut. */
  broken(): void {
    if (this.#underWay && this.#incident.fate !== "late") this.#note();
  }

  #note(): void {
    this.#incident.until = Date.now();
    this.proxy.incidents.push(this.#incident);
  }
}

const latin1 = new TextDecoder("latin1");

/** Hands on every chunk, until the end or until `take` returns false. */
async function pass(
  from: Deno.TcpConn,
  take: (bytes: Uint8Array) => Promise<boolean>,
): Promise<void> {
  const buffer = new Uint8Array(32 * 1024);
  for (;;) {
    const length = await from.read(buffer);
    if (length === null || !await take(buffer.subarray(0, length))) return;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function write(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}

function closeQuietly(closable: { close(): void }): void {
  try {
    closable.close();
  } catch {
    // It was closed already.
  }
}
