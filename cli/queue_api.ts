/** The database functions for senders, over PostgREST. */
import { projectHeaders } from "../supabase/functions/_shared/project_headers.ts";
import { RemoteError } from "./failure.ts";
import type { Project } from "./project.ts";
import type { Kind, Message } from "./validation.ts";

/** In milliseconds; PostgREST ends a statement after 8 s by default. */
const LONGEST_CALL = 30_000;

/** What identifies a job that was put on a queue. */
export interface Receipt {
  jobId: string;
  msgId: number;
}

/** A job as `generation_job` tells of it; only what the tool shows. */
export interface Job {
  status: "queued" | "running" | "waiting" | "succeeded" | "failed" | "cancelled";
  /** Place in the queue, 1 is the next; null unless queued. */
  position: number | null;
  attempts: number;
  asset_url: string | null;
  error: { code: string; message: string } | null;
}

/** The queue that jobs of a kind go to. */
export function queueOf(kind: Kind): string {
  return `${kind}_generation_queue`;
}

/** Calls of one project. */
export class QueueApi {
  constructor(
    private readonly project: Project,
    private readonly send: (request: Request) => Promise<Response>,
  ) {}

  /** Puts a message on its queue. Never repeated by itself: the job might be made twice. */
  async enqueue(kind: Kind, message: Message): Promise<Receipt> {
    const reply = await this.call("enqueue_generation_job", { queue: queueOf(kind), message });
    const row = (Array.isArray(reply) ? reply[0] : reply) as Record<string, unknown> | undefined;
    if (typeof row?.job_id !== "string" || typeof row.msg_id !== "number") {
      throw new RemoteError("enqueue_generation_job answered without job id and message id.");
    }
    return { jobId: row.job_id, msgId: row.msg_id };
  }

  /** The job as it is now; undefined when there is none with this id. */
  async job(jobId: string): Promise<Job | undefined> {
    return (await this.call("generation_job", { job_id: jobId }) as Job | null) ?? undefined;
  }

  private async call(name: string, body: unknown): Promise<unknown> {
    const { url, key } = this.project;
    const request = new Request(`${url}/rest/v1/rpc/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...projectHeaders(key) },
      body: JSON.stringify(body),
      redirect: "manual",
      signal: AbortSignal.timeout(LONGEST_CALL),
    });
    let response: Response;
    let text: string;
    try {
      response = await this.send(request);
      text = await response.text();
    } catch (error) {
      throw new RemoteError(`${url} cannot be reached: ${reasonOf(error as Error)}`);
    }
    const reply = parseJson(text);
    if (!response.ok) throw new RemoteError(refusal(name, response.status, reply, url));
    if (reply === undefined) {
      throw new RemoteError(`${name} answered something that is not JSON. Is ${url} the API URL?`);
    }
    return reply;
  }
}

/** Deno 2.9 says only that the fetch failed and keeps the reason in the cause; 2.1 says it all. */
function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error ? cause.message : message;
}

function refusal(name: string, status: number, reply: unknown, url: string): string {
  const { code, message } = (reply ?? {}) as { code?: string; message?: string };
  const said = message ? `${status}: ${message}` : `${status}`;
  // PGRST202: PostgREST knows no such function. 42501: the role may not execute it.
  if (code === "PGRST202") {
    return `The project has no function ${name}. Apply the migrations: supabase db push (${said})`;
  }
  if (status === 401 || status === 403 || code === "42501") {
    return `The project refused the key. It takes a secret key or the service_role key, not the ` +
      `publishable or anon key (${said})`;
  }
  if (status === 404) return `${url} has no Data API. Is it the API URL of a project? (${said})`;
  return `${name} failed (${said})`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
