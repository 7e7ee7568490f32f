/**
 * Passes the page's Realtime connection on to the project, with the key. Messages go both ways as they
 * are; when one side ends, so does the other.
 *
 * @module
 */
import type { ConsoleProject } from "./project_access.ts";

export const REALTIME = "/realtime/v1/websocket";

/** So many characters wait for the project to answer: a page says less when it joins. */
const MOST_EARLY = 64 * 1024;

/** Refuses a connection of another page: a browser says with each one where it comes from. */
export function refuseForeignSocket(request: Request): Response | undefined {
  const { origin } = new URL(request.url);
  if (request.headers.get("origin") === origin) return undefined;
  const message = "Only the console's own page may listen here.";
  return Response.json({ message }, { status: 403 });
}

/** Opens the connection to the project, and answers the page's with it. */
export function passRealtimeOn(
  request: Request,
  path: string,
  { url, key }: ConsoleProject,
): Response {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
    const headers = { upgrade: "websocket" };
    return Response.json({ message: "expected a WebSocket" }, { status: 426, headers });
  }
  const address = new URL(url.replace(/^http/, "ws") + path);
  // Realtime takes the key nowhere else. The address is known to this process and the project alone.
  address.searchParams.set("apikey", key);
  const project = new WebSocket(address);
  const { socket: page, response } = Deno.upgradeWebSocket(request);
  const early: string[] = [];
  let left = MOST_EARLY;
  project.onopen = () => early.splice(0).forEach((text) => project.send(text));
  page.onmessage = ({ data }) => {
    if (project.readyState === WebSocket.OPEN) return project.send(data);
    left -= data.length ?? Infinity;
    if (left >= 0) return early.push(data);
    page.onmessage = null;
    page.close();
  };
  project.onmessage = ({ data }) => page.readyState === WebSocket.OPEN && page.send(data);
  page.onclose = () => project.close();
  project.onclose = () => page.close();
  // A failure ends in a close.
  page.onerror = project.onerror = (event) => event.preventDefault();
  return response;
}
