/** `watch`: how jobs go on, line by line as it happens. */
import { EXIT } from "../failure.ts";
import type { ProjectApi } from "../project_api.ts";
import { type Job, QueueApi } from "../queue_api.ts";
import type { Surroundings } from "../surroundings.ts";
import { plain } from "../../supabase/functions/_shared/plain.ts";
import { describe, isOver, jobOf, patiently } from "../wait.ts";
import type { OperatorCommand } from "./arguments.ts";
import { nameOf, type QueueFigures, queueFigures } from "./figures.ts";
import { jobsOf, type ListedJob, placeOf } from "./list.ts";

type Watch = OperatorCommand & { name: "watch" };

export async function watch(
  command: Watch,
  api: ProjectApi,
  surroundings: Surroundings,
): Promise<number> {
  return command.jobIds.length > 0
    ? await watchJobs(command, new QueueApi(api), surroundings)
    : await watchQueues(command, api, surroundings);
}

/** Until all of them have ended. */
async function watchJobs(
  { jobIds, intervalSeconds, json }: Watch,
  api: QueueApi,
  { print, sleep, unread }: Surroundings,
): Promise<number> {
  const watched = jobIds.map((jobId) => ({
    jobId,
    poll: patiently(`lost sight of job ${jobId}`, () => jobOf(api, jobId)),
    job: undefined as Job | undefined,
    shown: "",
  }));
  for (;;) {
    for (const each of watched) {
      if (each.job && isOver(each.job)) continue;
      each.job = await each.poll() ?? each.job;
      if (!each.job) continue;
      const line = describe(each.job);
      if (line !== each.shown) print(json ? JSON.stringify(each.job) : `${each.jobId}  ${line}`);
      each.shown = line;
    }
    if (watched.every(({ job }) => job && isOver(job)) || unread?.()) break;
    await sleep(intervalSeconds * 1000);
  }
  return watched.every(({ job }) => job?.status === "succeeded") ? EXIT.ok : EXIT.failed;
}

/**
 * How far behind its time a change may show up, in milliseconds: a row has the time at which it was
 * written, and is seen when its transaction ends.
 */
const LATE = 30_000;

/** The most changes that are asked for at once. */
const PAGE = 1000;

/** Until somebody stops it, or nothing is left to do. */
async function watchQueues(
  { intervalSeconds, untilEmpty, json }: Watch,
  api: ProjectApi,
  { print, sleep, status, now, unread }: Surroundings,
): Promise<number> {
  const changes = changesIn(api, now);
  // The changes last: they are told of once, so nothing may go wrong after them. And when the queues are
  // found empty, how the last of their jobs has ended is among them.
  const look = patiently("lost sight of the queues", async () => {
    const queues = await queueFigures(api);
    return { queues, ...await changes() };
  });
  // What has changed before is no news; after a bulk of jobs there are several pages of it.
  for (let isNews = false; !isNews;) {
    const before = await look();
    if (before) isNews = !before.more;
    else await sleep(intervalSeconds * 1000);
  }
  for (let shown = "";;) {
    const looked = await look();
    if (looked) {
      for (const job of looked.changed) {
        status?.("");
        print(json ? JSON.stringify(job) : changeLine(job));
      }
      const line = looked.queues.map(overview).join("   ");
      if (!json && (line !== shown || looked.changed.length > 0)) (status ?? print)(line);
      shown = line;
      if (untilEmpty && !looked.more && looked.queues.every(isEmpty)) break;
    }
    if (unread?.()) break;
    await sleep(intervalSeconds * 1000);
  }
  status?.("");
  return EXIT.ok;
}

/** Jobs that have changed. */
interface Changes {
  changed: ListedJob[];
  /** Whether the next call has some that were there already. */
  more: boolean;
}

/** Answers the jobs that have changed since it was last called; at first those of a while ago. */
function changesIn(api: ProjectApi, now: () => number): () => Promise<Changes> {
  const known = new Map<string, string>();
  let from: string | undefined;
  return async () => {
    // By the database's clock, which need not be ours.
    if (from === undefined) {
      const [newest] = await jobsOf(api, {}, now(), { order: "updated_at.desc", limit: "1" });
      if (!newest) return { changed: [], more: false };
      from = before(newest.updated_at);
    }
    const jobs = await jobsOf(api, {}, now(), {
      updated_at: `gte.${from}`,
      order: "updated_at.asc",
      limit: `${PAGE}`,
    });
    const last = jobs.at(-1)?.updated_at;
    const more = jobs.length === PAGE;
    if (last) from = more ? last : before(last);
    const changed = jobs.filter((job) => known.get(job.id) !== stateOf(job));
    for (const job of changed) known.set(job.id, stateOf(job));
    return { changed, more };
  };
}

function before(time: string): string {
  return new Date(Date.parse(time) - LATE).toISOString();
}

function stateOf({ status, attempts, error_code }: ListedJob): string {
  return `${status} ${attempts} ${error_code}`;
}

function changeLine(job: ListedJob): string {
  const { status, attempts, asset_url, error_code, error_message } = job;
  const error = error_code ? { code: error_code, message: error_message ?? "" } : null;
  const how = describe({
    status: status as Job["status"],
    position: null,
    attempts,
    asset_url,
    error,
  });
  // When it happened, on the clock of whoever watches.
  const time = new Date(job.updated_at).toTimeString().slice(0, 8);
  return `${time} ${job.id}  ${job.kind} ${plain(placeOf(job))}  ${how}`;
}

function overview(queue: QueueFigures): string {
  return `${nameOf(queue.queue)}: ${queue.queued} queued, ${queue.running} running, ` +
    `${queue.waiting} at the provider, ${queue.failed} failed`;
}

function isEmpty({ queued, running, waiting }: QueueFigures): boolean {
  return queued + running + waiting === 0;
}
