/** Whether the queues are there, and write the ledger. */
import { Refused } from "./api.ts";
import { failed, type Observation, ok, warning } from "./finding.ts";
import { QUEUES, RUN_MIGRATIONS_AGAIN, type Visit } from "./visit.ts";

/** In seconds: a message that came in this moment may still be on its way into the ledger. */
const GRACE = 60;

export async function checkQueues({ api }: Visit): Promise<Observation[]> {
  let stray;
  try {
    // The view reads the tables of both queues.
    stray = await api.rows("generation_pending_jobs", {
      select: "queue,msg_id",
      job_id: "is.null",
      enqueued_at: `lt.${api.secondsAgo(GRACE)}`,
      limit: "1",
    });
  } catch (error) {
    if (!(error instanceof Refused) || error.answer.code !== "42P01") throw error;
    const queue = QUEUES.find((name) => error.message.includes(name));
    if (!queue) throw error;
    return [failed(`The queue ${queue} is missing.`, RUN_MIGRATIONS_AGAIN)];
  }
  const findings: Observation[] = [];
  if (stray.length > 0) {
    findings.push(warning(
      `The ledger misses messages of ${stray[0].queue}: its triggers are gone, so that nothing ` +
        "wakes a worker for what is sent.",
      RUN_MIGRATIONS_AGAIN,
    ));
  }
  for (const { queue, visible, in_flight, delayed } of await api.call("generation_metrics")) {
    findings.push(ok(
      `${queue}: ${visible} waiting, ${in_flight} in hand, ${delayed} put back or delayed.`,
    ));
  }
  return findings;
}
