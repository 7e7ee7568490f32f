/**
 * The simulator's listening socket. Deno's HTTP server cannot close a connection without
 * answering, which is just the fault that clients have to survive, so connections come in here
 * and are passed on byte by byte to the HTTP server behind.
 */
export class Entrance {
  #listener: Deno.TcpListener;
  #visitors = new Map<number, Deno.TcpConn>();
  #passing = new Set<Promise<void>>();
  #accepting: Promise<void>;

  constructor(port: number, private readonly innerPort: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Closes the connection whose other end the inner server sees at this port. */
  slam(innerRemotePort: number): void {
    const visitor = this.#visitors.get(innerRemotePort);
    if (visitor !== undefined) closeQuietly(visitor);
  }

  async close(): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const visitor of this.#visitors.values()) closeQuietly(visitor);
    await Promise.all(this.#passing);
  }

  async #accept(): Promise<void> {
    while (true) {
      let visitor: Deno.TcpConn;
      try {
        visitor = await this.#listener.accept();
      } catch {
        return; // closed
      }
      const passing = this.#pass(visitor).catch(() => {}).finally(() =>
        this.#passing.delete(passing)
      );
      this.#passing.add(passing);
    }
  }

  async #pass(visitor: Deno.TcpConn): Promise<void> {
    let inner: Deno.TcpConn;
    try {
      inner = await Deno.connect({ hostname: "127.0.0.1", port: this.innerPort });
    } catch {
      closeQuietly(visitor);
      return;
    }
    const key = (inner.localAddr as Deno.NetAddr).port;
    this.#visitors.set(key, visitor);
    try {
      visitor.setNoDelay();
      inner.setNoDelay();
      // Whichever side ends first ends both: HTTP keeps no half-open connections.
      const there = visitor.readable.pipeTo(inner.writable, { preventClose: true });
      const back = inner.readable.pipeTo(visitor.writable, { preventClose: true });
      await Promise.race([there, back]).catch(() => {});
      closeQuietly(visitor);
      closeQuietly(inner);
      await Promise.allSettled([there, back]);
    } finally {
      this.#visitors.delete(key);
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
