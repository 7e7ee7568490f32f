import type { Stack } from "../stack/mod.ts";

export type Status = "queued" | "running" | "waiting" | "succeeded" | "failed" | "cancelled";

/** A job, as far as the terminal shows it. */
export interface Job {
  id: string;
  kind: "image" | "video";
  status: Status;
  /** It will not change any more, unless somebody sends it again. */
  ended: boolean;
  storyboardId: string | null;
  /** The scene's or character's id, or the beginning of the job's own. */
  target: string;
  prompt: string;
  attempts: number;
  url: string | null;
  /** Seconds from the start of the work to its end, or until now. */
  seconds: number | null;
  error: string | null;
}

interface Row extends Omit<Job, "ended" | "target"> {
  entity: string | null;
}

/** The database's clock, as the beginning of what a start looks at. */
export async function now(stack: Stack): Promise<string> {
  const [{ now }] = await stack.sql<{ now: string }>("select clock_timestamp()::text as now");
  return now;
}

/** The jobs that were under way at a time or came later, in the order of the queue. */
export async function jobsSince(stack: Stack, time: string): Promise<Job[]> {
  const rows = await stack.sql<Row>(
    `select id, kind, status, storyboard_id as "storyboardId", coalesce(prompt, '') as prompt,
       nullif(concat_ws(' + ', scene_id, character_id), '') as entity, attempts, asset_url as url,
       extract(epoch from coalesce(finished_at, clock_timestamp()) - started_at)::float8 as seconds,
       error_message as error
     from public.generation_jobs
     where finished_at is null or finished_at >= $1 or enqueued_at >= $1
     order by enqueued_at, msg_id`,
    [time],
  );
  return rows.map(({ entity, ...row }) => ({
    ...row,
    target: entity ?? row.id.slice(0, 8),
    ended: ["succeeded", "failed", "cancelled"].includes(row.status),
  }));
}
