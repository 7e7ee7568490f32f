import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** A server on 127.0.0.1. */
export interface HttpServer {
  port: number;
  /** Ends it, together with its connections. */
  close(): Promise<void>;
}

/**
 * Serves what `answer` gives; undefined closes the connection without an answer. `Deno.serve` cannot do
 * that, and clients have to survive exactly that fault.
 */
export async function serve(
  port: number,
  answer: (request: Request) => Promise<Response | undefined>,
): Promise<HttpServer> {
  const server = createServer({ keepAliveTimeout: 0 }, async (incoming, outgoing) => {
    try {
      const { method, url, headers, socket } = incoming;
      const body = await buffer(incoming);
      const request = new Request(`http://${headers.host}${url}`, {
        method,
        headers: headers as Record<string, string>,
        body: body.length > 0 ? new Uint8Array(body) : undefined,
      });
      const response = await answer(request);
      if (response === undefined) return void socket.destroy();
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      outgoing.end(await response.bytes());
    } catch (error) {
      if (!incoming.complete || outgoing.headersSent) return; // its client has gone
      console.error(error);
      outgoing.writeHead(500).end();
    }
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
