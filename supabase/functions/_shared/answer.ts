/** What a function answers: JSON for programs, and the same in a few lines for people. */
import { prefersText } from "./accept.ts";

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  json: unknown;
  /** Lines for a terminal. */
  text: string;
  /** The media type of `json`, where it is not plain JSON. */
  type?: string;
}

/** The answer in the form that the request accepts. */
export function respond(answer: Answer, request: Request): Response {
  const asText = prefersText(request.headers);
  const body = asText ? `${answer.text}\n` : JSON.stringify(answer.json);
  return new Response(request.method === "HEAD" ? null : body, {
    status: answer.status,
    headers: {
      ...answer.headers,
      "content-type": asText ? "text/plain; charset=utf-8" : answer.type ?? "application/json",
      "cache-control": "no-store",
      "vary": "Accept",
    },
  });
}
