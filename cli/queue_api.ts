/** The database functions for senders. */
import { RemoteError } from "./failure.ts";
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

/** Calls of one project. */
export class QueueApi {
  constructor(private readonly api: ProjectApi) {}

  /** Puts a message on its queue. Never repeated by itself: the job might be made twice. */
  async enqueue(kind: Kind, message: Message): Promise<Receipt> {
    const reply = await this.api.call("enqueue_generation_job", { queue: queueOf(kind), message });
    const row = (Array.isArray(reply) ? reply[0] : reply) as Record<string, unknown> | undefined;
    if (typeof row?.job_id !== "string" || typeof row.msg_id !== "number") {
      throw new RemoteError("enqueue_generation_job answered without job id and message id.");
    }
    return { jobId: row.job_id, msgId: row.msg_id };
  }

  /** The job as it is now; undefined when there is none with this id. */
  async job(jobId: string): Promise<Job | undefined> {
    return (await this.api.call("generation_job", { job_id: jobId }) as Job | null) ?? undefined;
  }
}
