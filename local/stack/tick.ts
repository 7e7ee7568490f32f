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
  /** The last trouble with each function, so that it is not reported every few seconds. */
  readonly #reported = new Map<string, string>();

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
    this.#current = this.#wakeAll().finally(() => this.#busy = false);
  }

  async #wakeAll(): Promise<void> {
    for (const { queue, function: name } of WORK) {
      // What is wrong with one function says nothing about the other.
      this.#report(name, await this.#wake(queue, name).catch((error) => error.message));
    }
  }

  /** Calls a function if there is work for it. Gives what went wrong. */
  async #wake(queue: string, name: string): Promise<string | undefined> {
    const { database, url, secretKey } = this.options;
    if (!await hasVisibleMessage(database, queue)) return;
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
    if (!response.ok) return `answered ${response.status} ${text}`;
  }

  #report(name: string, trouble: string | undefined): void {
    if (trouble === undefined) {
      this.#reported.delete(name);
    } else if (trouble !== this.#reported.get(name)) {
      this.options.log(`tick: ${name} ${trouble}`);
      this.#reported.set(name, trouble);
    }
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
