import { command } from "../command.ts";
import { EXIT, UsageError } from "../failure.ts";
import { number, otherwise, yesOrNo } from "../flag.ts";
import { JobFeed } from "../feed.ts";
import { follow, patiently, progressFor } from "../follow.ts";
import { nameOf, type QueueFigures, queueFigures } from "../figures.ts";
import { jobIds, type Session } from "../session.ts";

interface Watch {
  interval: number;
  "until-empty": boolean;
  json: boolean;
}

export const watch = command({
  name: "watch",
  summary: "shows changes of jobs as they happen, at a terminal as a live table",
  args: jobIds,
  flags: {
    "until-empty": yesOrNo("end when there is no live job; not with ids"),
    interval: otherwise(
      number({ least: 0.1, most: 3600, whole: false }, "seconds between polls"),
      2,
    ),
    json: yesOrNo("print a line of JSON for each change"),
  },
  notes: "With ids it ends when those jobs have; exit code 0 only if all succeeded.",
  examples: ["watch", "watch JOB_ID"],
  check: (ids, flags) => {
    if (flags["until-empty"] && ids.length > 0) {
      throw new UsageError("expected job ids or --until-empty: jobs are watched to their end.");
    }
  },
  run: async (ids, flags, session: Session) => {
    if (ids.length === 0) return await watchQueues(flags, session);
    const progress = progressFor(session.io, flags.json);
    const options = { progress, seconds: flags.interval };
    const jobs = await follow(ids, session.api(), session.io, options);
    return jobs.every(({ status }) => status === "succeeded") ? EXIT.ok : EXIT.failed;
  },
});

/** Until it is stopped or, with --until-empty, there is no live job. */
async function watchQueues(flags: Watch, session: Session): Promise<number> {
  const { io } = session;
  const api = session.api();
  const progress = progressFor(io, flags.json);
  const pause = () => io.sleep(flags.interval * 1000);
  const begin = patiently("cannot begin to watch", () => JobFeed.begin(api));
  let feed = await begin();
  for (; !feed; feed = await begin()) await pause();
  progress.know(feed.jobs);
  // The changes come last: each is reported once, so no other request may fail after them. And if the
  // queues are empty, the changes include the ends of the last jobs.
  const poll = patiently("lost sight of the queues", async () => {
    const queues = await queueFigures(api);
    return { queues, more: await feed.read() };
  });
  for (;;) {
    const polled = await poll();
    if (polled) {
      const { queues, more } = polled;
      progress.show(feed.jobs, flags.json ? "" : queues.map(overview).join("   "));
      if (flags["until-empty"] && !more && queues.every(isEmpty)) break;
    }
    if (io.closed?.()) break;
    await pause();
  }
  progress.finish();
  return EXIT.ok;
}

function overview(queue: QueueFigures): string {
  const counts = [
    [queue.queued, "queued"],
    [queue.running, "running"],
    [queue.waiting, "at the provider"],
    [queue.failed, "failed"],
  ].filter(([count]) => Number(count) > 0);
  const text = counts.map(([count, what]) => `${count} ${what}`).join(", ");
  return `${nameOf(queue.queue)}: ${text || "idle"}`;
}

function isEmpty({ queued, running, waiting }: QueueFigures): boolean {
  return queued + running + waiting === 0;
}
