/** Services in the process of the test, behind the adapters of the core. */
import type { Adapter, LogEntry, RunOptions } from "../../pkg/generation_queue.js";

export type Answer = (request: Request, body: Uint8Array) => Response | Promise<Response>;

/** One request as a service saw it. */
export interface Seen {
  method: string;
  url: URL;
  headers: Headers;
  body: Uint8Array;
  signal: AbortSignal;
}

/** An adapter that answers in this process and records the requests. */
export class Service implements Adapter {
  readonly seen: Seen[] = [];

  constructor(readonly url: string, private readonly answer: Answer) {}

  fetch = async (address: string, init: RequestInit): Promise<Response> => {
    const request = new Request(address, init);
    const { method, headers, signal } = request;
    const body = new Uint8Array(await request.arrayBuffer());
    this.seen.push({ method, url: new URL(request.url), headers, body, signal });
    return await this.answer(request, body);
  };

  /** The paths it was asked for, in order, from its own address on. */
  paths(): string[] {
    return this.seen.map(({ url }) => url.href.slice(this.url.length));
  }
}

/** A service that expects no request. */
export function untouched(url: string): Service {
  return new Service(url, (request) => {
    throw new Error(`unexpected request to ${request.url}`);
  });
}

export const JOB_ID = "0b6e2c1e-5a07-4c9f-8d7e-3f1f0a9b8c7d";

/** A queue with one job in it, as the database's functions answer. */
export function queueWith(
  message: unknown,
  more: { claim?: Record<string, unknown>; answers?: Record<string, unknown> } = {},
): Service {
  let claims = 0;
  const row = {
    job_id: JOB_ID,
    msg_id: 7,
    lease_token: 1,
    message,
    attempts: 1,
    operation: null,
    operation_age_seconds: null,
    submission_pending: false,
    enqueued_at: "2026-11-24T06:26:00.123Z",
    retried: false,
    ...more.claim,
  };
  const answers: Record<string, unknown> = {
    complete_generation_job: { held: true, entities: [], publications: [] },
    maintain_generation_queue: { unpublished: [], cancelled: [] },
    confirm_generation_publication: [],
    ...more.answers,
  };
  return new Service("http://queue.test/rest/v1", (request) => {
    const name = new URL(request.url).pathname.split("/").at(-1)!;
    if (name === "claim_generation_jobs") return Response.json(claims++ === 0 ? [row] : []);
    return Response.json(name in answers ? answers[name] : true);
  });
}

/** Options for one short run; what is logged is collected. */
export function options(more: Partial<RunOptions> = {}): RunOptions & { entries: LogEntry[] } {
  const entries: LogEntry[] = [];
  return {
    models: ["gemini-2.5-flash-image"],
    concurrency: 1,
    budgetSeconds: 60,
    maxAttempts: 3,
    log: (entry) => entries.push(entry),
    ...more,
    entries,
  };
}

export function json(bytes: Uint8Array): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(bytes));
}
