/** The part of Docker's API that `supabase status` uses, on the loopback: every container runs. */

import { serve } from "../support/loopback.ts";

/** Starts it; `host` is the value of DOCKER_HOST. */
export function startDocker(): { host: string; close(): Promise<void> } {
  const { url, close } = serve((request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/_ping") return new Response("OK", { headers: { "api-version": "1.47" } });
    const [, name] = /\/containers\/([^/]+)\/json$/.exec(pathname) ?? [];
    if (name) return Response.json(container(name));
    if (pathname.endsWith("/containers/json")) {
      return Response.json(SERVICES.map((service) => ({
        Names: [`/supabase_${service}_generation-queue`],
        State: "running",
      })));
    }
    return Response.json({ message: "not found" }, { status: 404 });
  });
  return { host: url.replace("http", "tcp"), close };
}

const SERVICES = ["db", "kong", "auth", "rest", "storage", "edge_runtime"];

function container(name: string): Record<string, unknown> {
  return {
    Id: name,
    Name: `/${name}`,
    State: { Status: "running", Running: true, Health: { Status: "healthy" } },
    Config: {},
  };
}
