import type { Connection } from "../console/machine_user.ts";
import type { ConsoleSite } from "../console/site.ts";
import { roleOf } from "./api_keys.ts";
import type { FunctionsHost } from "./functions/host.ts";
import type { Keys } from "./keys.ts";
import type { Lite } from "./lite.ts";
import type { StorageApi } from "./storage/mod.ts";
import { withPublicNames } from "./storage/signed.ts";

/** The services behind the API's address. */
export interface Services {
  lite: Lite;
  storage: StorageApi;
  functions?: FunctionsHost;
  keys: Keys;
  /** What is at `/`. */
  console: ConsoleSite;
}

const NOT_FOUND = {
  message: "no Route matched with those values",
  hint: "This server has /rest/v1, /storage/v1 and /functions/v1, and a console at /.",
};

/** The methods that `fetch` cannot pass on, and that no service has. */
const NOT_PASSED_ON = ["CONNECT", "TRACE", "TRACK"];

/** Sends a request to the service that its path names, as Supabase's gateway does. */
export async function route(
  request: Request,
  services: Services,
  connection?: Connection,
): Promise<Response> {
  const { lite, storage, functions, keys } = services;
  if (NOT_PASSED_ON.includes(request.method)) {
    const headers = { allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" };
    return Response.json({ message: "Method Not Allowed" }, { status: 405, headers });
  }
  const { pathname } = new URL(request.url);
  if (pathname.startsWith("/rest/v1/")) return sandboxed(await lite.fetch(request));
  if (pathname.startsWith("/storage/v1/")) {
    const response = await storage.handle(request, roleOf(request.headers, keys));
    return sandboxed(response ?? await withPublicNames(request, await lite.fetch(request)));
  }
  if (pathname.startsWith("/functions/v1/") && functions) {
    return sandboxed(await functions.handle(request));
  }
  const reply = connection && await services.console.handle(request, connection);
  return reply ?? Response.json(NOT_FOUND, { status: 404 });
}

/** The console has the same origin: a stored SVG that is opened as a page must not run a script there. */
function sandboxed({ status, headers, body }: Response): Response {
  const response = new Response(body, { status, headers });
  response.headers.append("content-security-policy", "sandbox");
  return response;
}
