/** Whether the queues are there, and write the ledger. */
import { isMissing } from "../exchange.ts";
import { type Answer, Refused, type Row } from "./api.ts";
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
    const queue = error instanceof Refused ? missingQueue(error.answer) : undefined;
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
  const figures = await api.call("generation_metrics");
  return [...findings, ...QUEUES.map((queue) => figuresOf(queue, figures))];
}

/** The queue for want of whose table a view cannot be read. */
export function missingQueue({ code, body }: Answer): string | undefined {
  if (!isMissing(code)) return undefined;
  return QUEUES.find((queue) => JSON.stringify(body).includes(`pgmq.q_${queue}`));
}

function figuresOf(queue: string, figures: Row[]): Observation {
  const row = figures.find((row) => row.queue === queue);
  if (!row) return failed(`Nothing is known of ${queue}.`, RUN_MIGRATIONS_AGAIN);
  const [visible, inHand, delayed] = [row.visible, row.in_flight, row.delayed].map(Number);
  return ok(`${queue}: ${visible} waiting, ${inHand} in hand, ${delayed} put back or delayed.`);
}
