/**
 * Runs one function, as its own process: `deno run … runtime.ts <url of index.ts> <variable>…`.
 *
 * It stands in for what surrounds a function at Supabase: `EdgeRuntime.waitUntil`, and the
 * `beforeunload` event with a reason when the worker is retired. The process ends when its standard
 * input closes, so it cannot outlive the stack, however that ended.
 */

type Handler = (request: Request) => Response | Promise<Response>;

/** How long background work may go on after `beforeunload`. Milliseconds. */
const GRACE_MS = 3000;

const [entry, ...variables] = Deno.args;

// What Deno itself needed to start, or set for itself. A function at Supabase does not see it.
for (const name of Object.keys(Deno.env.toObject())) {
  if (!variables.includes(name)) Deno.env.delete(name);
}

const pending = new Set<Promise<unknown>>();

Object.assign(globalThis, {
  EdgeRuntime: {
    waitUntil<T>(promise: Promise<T>): Promise<T> {
      const settled = promise.catch((error) => console.error(error));
      pending.add(settled);
      settled.finally(() => pending.delete(settled));
      return promise;
    },
  },
});

// Ctrl-C reaches every process of the terminal. The stack decides when its functions end.
Deno.addSignalListener("SIGINT", () => {});

async function retire(): Promise<never> {
  for await (const _ of Deno.stdin.readable);
  dispatchEvent(new CustomEvent("beforeunload", { detail: { reason: "termination" } }));
  const grace = new Promise((done) => setTimeout(done, GRACE_MS));
  await Promise.race([Promise.allSettled([...pending]), grace]);
  Deno.exit(0);
}

async function load(url: string): Promise<Handler> {
  const listen = Deno.serve;
  let served: Handler | undefined;
  // A function may also call `Deno.serve(handler)` itself.
  Object.defineProperty(Deno, "serve", {
    configurable: true,
    value: (...parameters: unknown[]) => {
      served = parameters.find((parameter) => typeof parameter === "function") as Handler;
    },
  });
  const module = await import(url);
  Object.defineProperty(Deno, "serve", { configurable: true, value: listen });
  const handler = served ?? module.default?.fetch?.bind(module.default);
  if (!handler) throw new Error(`${url} neither exports { fetch } nor calls Deno.serve`);
  return handler;
}

retire();
const handler = await load(entry);
Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(`listening on port ${port}`),
}, handler);
