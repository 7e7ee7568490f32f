/**
 * A free port for `start`, whose next port is free, too. The system gives no port of this range to
 * connections, so both stay free while other tests run.
 */
export function portForStart(): number {
  for (;;) {
    const port = 20_000 + 2 * Math.floor(Math.random() * 5000);
    try {
      using _first = Deno.listen({ hostname: "127.0.0.1", port });
      using _second = Deno.listen({ hostname: "127.0.0.1", port: port + 1 });
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
