/**
 * Passes the page's requests on to the project, with the key. So the key is in no browser, and a hosted
 * project, which refuses secret keys from browsers, accepts it.
 *
 * @module
 */
import { BodyTooLong, bytesOf, MB } from "../../supabase/functions/_shared/bounded_body.ts";
import { projectHeaders } from "../../supabase/functions/_shared/project_headers.ts";

/** The project that the console is for. */
export interface ConsoleProject {
  /** Of the API, without trailing slash. */
  url: string;
  key: string;
  /** Where browsers reach it, if that is elsewhere: the addresses of images and videos begin with it. */
  publicUrl?: string;
  /** Whether it has Realtime. */
  realtime?: boolean;
  send(request: Request): Promise<Response>;
}

const SERVICES = ["/rest/v1/", "/storage/v1/", "/functions/v1/"];
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const SENT = ["accept", "content-type", "prefer", "range", "x-upsert"];
const RETURNED = ["content-type", "content-range", "location", "preference-applied", "retry-after"];

/** As much as Storage takes of a file that the page stores, unless a project is told otherwise. */
const MOST_BYTES = 50 * MB;

/** A run answers when it is over, at most this much later. Milliseconds. */
const LONGEST_WAIT = 150_000;

/** The reply of the project to a request for one of its paths. */
export async function passOn(
  request: Request,
  path: string,
  project: ConsoleProject,
): Promise<Response> {
  const [name] = path.split("?");
  // What is encoded may become another path in the project: out of the service, with the key.
  if (!SERVICES.some((service) => name.startsWith(service)) || /%2e|%2f|%5c/i.test(name)) {
    return problem(404, `expected a path below ${SERVICES.join(", ")}`);
  }
  if (!METHODS.includes(request.method)) return problem(405, `${request.method} is not passed on`);
  const headers = only(SENT, request.headers);
  for (const [name, value] of Object.entries(projectHeaders(project.key))) headers.set(name, value);
  headers.set("user-agent", "generation-queue (console)");
  try {
    const reply = await project.send(
      new Request(project.url + path, {
        method: request.method,
        headers,
        body: request.body && await bytesOf(request.body, MOST_BYTES),
        redirect: "manual",
        signal: AbortSignal.timeout(LONGEST_WAIT),
      }),
    );
    return new Response(reply.body, {
      status: reply.status,
      headers: only(RETURNED, reply.headers),
    });
  } catch (error) {
    if (error instanceof BodyTooLong) return problem(413, error.message);
    return problem(502, `${project.url} cannot be reached: ${(error as Error).message}`);
  }
}

function only(names: string[], headers: Headers): Headers {
  return new Headers([...headers].filter(([name]) => names.includes(name)));
}

function problem(status: number, message: string): Response {
  return Response.json({ message }, { status });
}
