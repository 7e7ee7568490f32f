/**
 * The simulator's listening socket. Deno's HTTP server cannot close a connection without
 * answering, and clients have to survive exactly that fault. So connections come in here, and their
 * bytes are passed on to the HTTP server behind.
 */
export class Entrance {
  #listener: Deno.TcpListener;
  #clients = new Map<number, Deno.TcpConn>();
  #passing = new Set<Promise<void>>();
  #accepting: Promise<void>;

  constructor(port: number, private readonly innerPort: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Closes the client's connection that the inner server sees at this port. */
  drop(innerRemotePort: number): void {
    const client = this.#clients.get(innerRemotePort);
    if (client !== undefined) closeQuietly(client);
  }

  async close(): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const client of this.#clients.values()) closeQuietly(client);
    await Promise.all(this.#passing);
  }

  async #accept(): Promise<void> {
    while (true) {
      let client: Deno.TcpConn;
      try {
        client = await this.#listener.accept();
      } catch {
        return; // closed
      }
      const passing = this.#pass(client).catch(() => {}).finally(() =>
        this.#passing.delete(passing)
      );
      this.#passing.add(passing);
    }
  }

  async #pass(client: Deno.TcpConn): Promise<void> {
    let inner: Deno.TcpConn;
    try {
      inner = await Deno.connect({ hostname: "127.0.0.1", port: this.innerPort });
    } catch {
      closeQuietly(client);
      return;
    }
    const key = (inner.localAddr as Deno.NetAddr).port;
    this.#clients.set(key, client);
    try {
      client.setNoDelay();
      inner.setNoDelay();
      // The side that ends first ends both: HTTP has no half-open connections.
      const there = client.readable.pipeTo(inner.writable, { preventClose: true });
      const back = inner.readable.pipeTo(client.writable, { preventClose: true });
      await Promise.race([there, back]).catch(() => {});
      closeQuietly(client);
      closeQuietly(inner);
      await Promise.allSettled([there, back]);
    } finally {
      this.#clients.delete(key);
    }
  }
}

function closeQuietly(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // Closed by the other side already.
  }
}
