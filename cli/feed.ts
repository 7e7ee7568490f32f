/** What happens to the jobs of a project from now on. */
import type { Api } from "./api.ts";
import { isOver, type Job, jobsOf } from "./jobs.ts";

/**
 * How late a change may become visible, in milliseconds: a row carries the time at which it was written
 * and becomes visible when its transaction ends.
 */
const LATE = 30_000;

/** The most changes that one request asks for; a project may answer fewer. */
const PAGE = 1000;

/** The most ended jobs that are kept for display. */
const MOST_ENDED = 500;

export class JobFeed {
  readonly #jobs = new Map<string, Job>();
  readonly #seen = new Map<string, { state: string; at: string }>();
  /** The most changes that an answer had, or that any project answers: one with fewer was not cut off. */
  #most = 100;
  /** By the database's clock, which may differ from this machine's. */
  #from: string | undefined;

  private constructor(private readonly api: Api) {}

  /** Begins with the live jobs; earlier changes are not reported. */
  static async begin(api: Api): Promise<JobFeed> {
    const feed = new JobFeed(api);
    while (await feed.read());
    feed.#jobs.clear();
    const live = { finished_at: "is.null", order: "enqueued_at.asc,msg_id.asc" };
    for (const job of await jobsOf(api, { ...live, limit: `${PAGE}` })) feed.#take(job);
    return feed;
  }

  /** The live jobs, and those that have changed since the beginning, in the order of enqueueing. */
  get jobs(): Job[] {
    return [...this.#jobs.values()]
      .sort((a, b) => a.enqueued_at < b.enqueued_at ? -1 : a.enqueued_at > b.enqueued_at ? 1 : 0);
  }

  /** Reads changes; answers whether more of them are already there. */
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
    for (const job of jobs) {
      const known = this.#seen.get(job.id);
      if (known?.state !== stateOf(job)) this.#take(job);
      else known.at = job.updated_at;
    }
    const last = jobs.at(-1)?.updated_at;
    const more = jobs.length >= this.#most && last !== this.#from;
    this.#most = Math.max(this.#most, jobs.length);
    if (last) this.#from = more ? last : before(last);
    if (last && !more) this.#forget(before(last));
    return more;
  }

  #take(job: Job): void {
    this.#seen.set(job.id, { state: stateOf(job), at: job.updated_at });
    this.#jobs.set(job.id, job);
  }

  /** What no answer from that time on contains, and nothing shows. */
  #forget(from: string): void {
    for (const [id, { at }] of this.#seen) {
      if (Date.parse(at) < Date.parse(from) && !this.#jobs.has(id)) this.#seen.delete(id);
    }
  }
}

function before(time: string): string {
  return new Date(Date.parse(time) - LATE).toISOString();
}

function stateOf({ status, attempts, error_code }: Job): string {
  return `${status} ${attempts} ${error_code}`;
}
