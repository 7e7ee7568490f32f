/** Whether the queues exist, and whether the ledger has their messages. */
import { isMissing, Refused } from "../api.ts";
import { type Context, QUEUES, RUN_MIGRATIONS_AGAIN } from "./context.ts";
import { failed, type Observation, ok, warning } from "./finding.ts";

/** In seconds: a new message may not be in the ledger yet. */
const GRACE = 60;

export async function checkQueues({ api, clock }: Context): Promise<Observation[]> {
  let orphans;
  try {
    // The view reads the tables of both queues.
    orphans = await api.rows("generation_pending_jobs", {
      select: "queue,msg_id",
      job_id: "is.null",
      enqueued_at: `lt.${clock.secondsAgo(GRACE)}`,
      limit: "1",
    });
  } catch (error) {
    if (!(error instanceof Refused) || !isMissing(error.reply)) throw error;
    const { text } = error.reply;
    const queue = QUEUES.find((queue) => text.includes(`pgmq.q_${queue}`));
    if (!queue) throw error;
    return [failed(`The queue ${queue} is missing.`, RUN_MIGRATIONS_AGAIN)];
  }
  const findings = orphans.map(({ queue }) =>
    warning(
      `The ledger lacks messages of ${queue}: its triggers are gone, so that no worker is called ` +
        "for what is sent.",
      RUN_MIGRATIONS_AGAIN,
    )
  );
  const figures = await api.callRows("generation_metrics");
  for (const queue of QUEUES) {
    const row = figures.find((row) => row.queue === queue);
    const counts = row && `${Number(row.visible)} visible, ${Number(row.in_flight)} in flight, ` +
        `${Number(row.delayed)} delayed`;
    findings.push(
      counts
        ? ok(`${queue}: ${counts}.`)
        : failed(`${queue} has no figures.`, RUN_MIGRATIONS_AGAIN),
    );
  }
  return findings;
}
