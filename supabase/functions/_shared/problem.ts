/** Errors as problem details (RFC 9457): one shape that a client can rely on. */

/** The parts of a problem that differ; `extensions` are further members of the JSON object. */
export interface Problem {
  status: number;
  title: string;
  detail: string;
  extensions?: Record<string, unknown>;
  headers?: Record<string, string>;
}

/** A response that carries a problem. */
export function problem({ status, title, detail, extensions, headers }: Problem): Response {
  // `about:blank` says that the status code tells the kind of problem (RFC 9457, section 4.2.1).
  const body = { type: "about:blank", title, status, detail, ...extensions };
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...headers, "content-type": "application/problem+json" },
  });
}
