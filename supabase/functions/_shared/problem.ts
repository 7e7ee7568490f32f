/** Errors as problem details (RFC 9457): one shape that a client can rely on. */
import type { Answer } from "./answer.ts";
import { plain } from "./plain.ts";

/** The parts of a problem that differ; `extensions` are further members of the JSON object. */
export interface Problem {
  status: number;
  title: string;
  detail: string;
  extensions?: Record<string, unknown>;
  headers?: Record<string, string>;
}

/** An answer that carries a problem; as text it is the detail alone. */
export function problem({ status, title, detail, extensions, headers }: Problem): Answer {
  return {
    status,
    headers,
    // `about:blank` says that the status code tells the kind of problem (RFC 9457, section 4.2.1).
    json: { type: "about:blank", title, status, detail, ...extensions },
    type: "application/problem+json",
    text: plain(detail),
  };
}
