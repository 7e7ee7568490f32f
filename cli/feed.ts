/** What happens to the jobs of a project, from the moment at which somebody begins to watch. */
import type { Api } from "./api.ts";
import { isOver, type Job, jobsOf } from "./jobs.ts";

/**
 * How far behind its time a change may show up, in milliseconds: a row has the time at which it was
 * written, and is seen when its transaction ends.
 */
const LATE = 30_000;

/** The most changes that are asked for at once. */
const PAGE = 1000;

/** The most jobs that have ended and are still among those that are shown. */
const MOST_ENDED = 500;

export class JobFeed {
  readonly #jobs = new Map<string, Job>();
  readonly #seen = new Map<string, string>();
  /** By the database's clock, which need not be ours. */
  #from: string | undefined;

  private constructor(private readonly api: Api) {}

  /** Begins with the jobs that have not ended; what has changed before is no news. */
  static async begin(api: Api): Promise<JobFeed> {
    const feed = new JobFeed(api);
    while (await feed.read());
    feed.#jobs.clear();
    const living = { finished_at: "is.null", order: "enqueued_at.asc,msg_id.asc" };
    for (const job of await jobsOf(api, { ...living, limit: `${PAGE}` })) feed.#take(job);
    return feed;
  }

  /** Those that have not ended or have changed since the beginning, in the order of their sending. */
  get jobs(): Job[] {
    return [...this.#jobs.values()]
      .sort((a, b) => a.enqueued_at < b.enqueued_at ? -1 : a.enqueued_at > b.enqueued_at ? 1 : 0);
  }

  /** Learns of changes; answers whether there are more of them already. */
  async read(): Promise<boolean> {
    const ended = [...this.#jobs.values()].filter(isOver);
    for (const { id } of ended.slice(0, -MOST_ENDED)) this.#jobs.delete(id);
    if (this.#from === undefined) {
      const [newest] = await jobsOf(this.api, { order: "updated_at.desc", limit: "1" });
      if (!newest) return false;
      this.#from = before(newest.updated_at);
    }
    const jobs = await jobsOf(this.api, {
      updated_at: `gte.${this.#from}`,
      order: "updated_at.asc",
      limit: `${PAGE}`,
    });
    for (const job of jobs) if (this.#seen.get(job.id) !== stateOf(job)) this.#take(job);
    const last = jobs.at(-1)?.updated_at;
    const more = jobs.length === PAGE;
    if (last) this.#from = more ? last : before(last);
    return more;
  }

  #take(job: Job): void {
    this.#seen.set(job.id, stateOf(job));
    this.#jobs.set(job.id, job);
  }
}

function before(time: string): string {
  return new Date(Date.parse(time) - LATE).toISOString();
}

function stateOf({ status, attempts, error_code }: Job): string {
  return `${status} ${attempts} ${error_code}`;
}
