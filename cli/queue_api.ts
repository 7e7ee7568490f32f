/** The database functions for senders. */
import { LostAnswer, RemoteError } from "./failure.ts";
import type { ProjectApi } from "./project_api.ts";
import type { Kind, Message } from "./validation.ts";

/** What identifies a job that was put on a queue. */
export interface Receipt {
  jobId: string;
  msgId: number;
}

/** A job as `generation_job` tells of it; only what following it needs. */
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

/** How often the same job is asked for when no answer comes. */
const MOST_CALLS = 3;

/** Calls of one project. */
export class QueueApi {
  constructor(private readonly api: ProjectApi) {}

  /**
   * Puts a message on its queue. A call whose answer is lost is made again with the same key, so that
   * the job is made once, whether or not the first call was heard.
   */
  async enqueue(kind: Kind, message: Message): Promise<Receipt> {
    const call = { queue_name: queueOf(kind), message, idempotency_key: crypto.randomUUID() };
    const reply = await this.insist(() => this.api.call("enqueue_generation_job", call));
    const row = (Array.isArray(reply) ? reply[0] : reply) as Record<string, unknown> | undefined;
    if (typeof row?.job_id !== "string" || typeof row.msg_id !== "number") {
      throw new RemoteError("enqueue_generation_job answered without job id and message id.");
    }
    return { jobId: row.job_id, msgId: row.msg_id };
  }

  private async insist<Reply>(call: () => Promise<Reply>): Promise<Reply> {
    for (let calls = 1;; calls++) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof LostAnswer) || calls === MOST_CALLS) throw error;
      }
    }
  }

  /** The job as it is now; undefined when there is none with this id. */
  async job(jobId: string): Promise<Job | undefined> {
    return (await this.api.call("generation_job", { job_id: jobId }) as Job | null) ?? undefined;
  }
}
