/** Whether the queues are there, and write the ledger. */
import { isMissing } from "../api.ts";
import { Refused, type Reply, type Row } from "../api.ts";
import { failed, type Observation, ok, warning } from "./finding.ts";
import { type Context, QUEUES, RUN_MIGRATIONS_AGAIN } from "./context.ts";

/** In seconds: a message that came in this moment may still be on its way into the ledger. */
const GRACE = 60;

export async function checkQueues({ api, clock }: Context): Promise<Observation[]> {
  let stray;
  try {
    // The view reads the tables of both queues.
    stray = await api.rows("generation_pending_jobs", {
      select: "queue,msg_id",
      job_id: "is.null",
      enqueued_at: `lt.${clock.secondsAgo(GRACE)}`,
      limit: "1",
    });
  } catch (error) {
    const queue = error instanceof Refused ? missingQueue(error.reply) : undefined;
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
  const figures = await api.callRows("generation_metrics");
  return [...findings, ...QUEUES.map((queue) => figuresOf(queue, figures))];
}

/** The queue for want of whose table a view cannot be read. */
export function missingQueue(reply: Reply): string | undefined {
  if (!isMissing(reply)) return undefined;
  return QUEUES.find((queue) => JSON.stringify(reply.json).includes(`pgmq.q_${queue}`));
}

function figuresOf(queue: string, figures: Row[]): Observation {
  const row = figures.find((row) => row.queue === queue);
  if (!row) return failed(`Nothing is known of ${queue}.`, RUN_MIGRATIONS_AGAIN);
  const [visible, inHand, delayed] = [row.visible, row.in_flight, row.delayed].map(Number);
  return ok(`${queue}: ${visible} waiting, ${inHand} in hand, ${delayed} put back or delayed.`);
}
