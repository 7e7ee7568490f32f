import type { Stack } from "../stack/mod.ts";
import { plain } from "../../supabase/functions/_shared/plain.ts";

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
  /** What the queue is ordered by. */
  place: string;
  changed: string;
}

/** The database's clock, as the beginning of what a start looks at. */
export async function now(stack: Stack): Promise<string> {
  const [{ now }] = await stack.sql<{ now: string }>("select clock_timestamp()::text as now");
  return now;
}

/** The jobs that were under way at a time or came later. */
export class Ledger {
  readonly #jobs = new Map<string, { job: Job; place: string }>();
  #changed: string | null = null;

  constructor(private readonly stack: Pick<Stack, "sql">, private readonly since: string) {}

  /**
   * Their present state, in the order of the queue. After the first time only those that have
   * changed or are under way are read.
   */
  async read(): Promise<Job[]> {
    const rows = await this.stack.sql<Row>(QUERY, [this.since, this.#changed]);
    const read = new Set(rows.map(({ id }) => id));
    for (const [id, { job }] of this.#jobs) {
      if (!job.ended && !read.has(id)) this.#jobs.delete(id); // the row is gone
    }
    for (const { entity, place, changed, ...row } of rows) {
      const job = {
        ...row,
        // Whatever somebody has sent, in a terminal.
        storyboardId: row.storyboardId && plain(row.storyboardId),
        target: plain(entity ?? row.id.slice(0, 8)),
        prompt: plain(row.prompt),
        error: row.error && plain(row.error),
        ended: ["succeeded", "failed", "cancelled"].includes(row.status),
      };
      this.#jobs.set(row.id, { job, place });
      if (this.#changed === null || changed > this.#changed) this.#changed = changed;
    }
    return [...this.#jobs.values()].sort((a, b) => a.place < b.place ? -1 : 1)
      .map(({ job }) => job);
  }
}

/** Times are text of one width in UTC: a `Date` would lose microseconds, and text can be compared. */
const TIME = "YYYY-MM-DD HH24:MI:SS.US+00";

const QUERY = `
  select id, kind, status, storyboard_id as "storyboardId", coalesce(prompt, '') as prompt,
    nullif(concat_ws(' + ', scene_id, character_id), '') as entity, attempts, asset_url as url,
    extract(epoch from coalesce(finished_at, clock_timestamp()) - started_at)::float8 as seconds,
    nullif(concat_ws(': ', error_code, error_message), '') as error,
    to_char(enqueued_at at time zone 'UTC', '${TIME}') || lpad(msg_id::text, 19, '0') as place,
    to_char(updated_at at time zone 'UTC', '${TIME}') as changed
  from public.generation_jobs
  where (finished_at is null or finished_at >= $1::timestamptz or enqueued_at >= $1::timestamptz)
    and (finished_at is null or $2::timestamptz is null or updated_at > $2::timestamptz)`;
