import type { Database } from "./database/mod.ts";

/** Which function works on which queue. */
const WORK = [
  { queue: "image_generation_queue", function: "process-image-generation" },
  { queue: "video_generation_queue", function: "process-video-generation" },
];

export interface TickOptions {
  database: Database;
  url: string;
  secretKey: string;
  seconds: number;
  log: (line: string) => void;
}

/**
 * Calls the functions again and again, as a pg_cron job with pg_net does: only when their queue has
 * a visible message, and without waiting for the run to end.
 */
export class Tick {
  readonly #timer: ReturnType<typeof setInterval>;
  #current: Promise<void> = Promise.resolve();
  #busy = false;
  /** The last trouble that was reported, so that it is not reported every few seconds. */
  #reported = "";

  constructor(private readonly options: TickOptions) {
    this.#timer = setInterval(() => this.#tick(), options.seconds * 1000);
    this.#tick();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#current;
  }

  #tick(): void {
    if (this.#busy) return;
    this.#busy = true;
    this.#current = this.#wake().catch((error) => this.#report(error.message))
      .finally(() => this.#busy = false);
  }

  async #wake(): Promise<void> {
    const { database, url, secretKey } = this.options;
    for (const { queue, function: name } of WORK) {
      if (!await hasVisibleMessage(database, queue)) continue;
      const response = await fetch(`${url}/functions/v1/${name}`, {
        method: "POST",
        headers: {
          apikey: secretKey,
          authorization: `Bearer ${secretKey}`,
          "content-type": "application/json",
          prefer: "respond-async",
        },
        body: "{}",
      });
      const text = await response.text();
      if (!response.ok) this.#report(`${name} answered ${response.status} ${text}`);
    }
  }

  #report(trouble: string): void {
    if (trouble !== this.#reported) this.options.log(`tick: ${trouble}`);
    this.#reported = trouble;
  }
}

async function hasVisibleMessage(database: Database, queue: string): Promise<boolean> {
  const [{ table }] = await database.query<{ table: string | null }>(
    "select to_regclass($1)::text as table",
    [`pgmq.q_${queue}`],
  );
  if (table === null) return false;
  const [{ visible }] = await database.query<{ visible: boolean }>(
    `select exists (select from ${table} where vt <= clock_timestamp()) as visible`,
  );
  return visible;
}
