/** A ledger of 20 million rows and a queue of 5 million messages: what stays flat, and what does not. */
import { costOf, Ledger, QUEUE, type Session } from "../measure/ledger.ts";
import { MB, median, short } from "../measure/numbers.ts";
import type { Part, Result } from "../measure/result.ts";

const STEPS = [1, 5, 20];
const MILLION = 1_000_000;
/** Rows that are inserted in one transaction. */
const AT_ONCE = MILLION / 2;
const CALLS = 100;
/** Jobs that are done while an old snapshot is held. */
const UNDER_SNAPSHOT = 5000;

export const scale: Part = {
  name: "scale",
  what: "a ledger of 20 million rows and a queue of 5 million; only when it is named",
  async run({ isQuick }): Promise<Result> {
    await using ledger = await Ledger.start();
    const steps = isQuick ? [0.1] : STEPS;
    const columns: Record<string, string[]> = {};
    let ended = 0;
    for (const millions of steps) {
      const begun = performance.now();
      for (; ended < millions * MILLION; ended += AT_ONCE) {
        const count = Math.min(AT_ONCE, millions * MILLION - ended);
        await ledger.end(ended + 1, count);
        await ledger.send(count / 4);
      }
      console.error(
        `${millions} million rows after ${short((performance.now() - begun) / 1000)} s`,
      );
      for (const [name, value] of Object.entries(await figures(ledger))) {
        (columns[name] ??= []).push(value);
        console.error(`  ${name}: ${value}`);
      }
    }
    const rows = Object.entries(columns).map(([name, values]) => [name, ...values]);
    const names = steps.map((millions) => `${millions} + ${millions / 4} million`);
    const title = "Jobs that have ended + jobs that wait, ms unless said";
    return { tables: [{ title, columns: ["", ...names], rows }] };
  },
};

async function figures(ledger: Ledger): Promise<Record<string, string>> {
  await using session = ledger.session();
  const { sql } = session;
  await sql`select generation_private.count_ended_jobs()`; // as the schedule does
  await sql`vacuum analyze`;
  const bytes = async (table: string) =>
    Number((await sql`select pg_total_relation_size(${table}::regclass) as bytes`)[0].bytes);
  const once = async (statement: string) => {
    const times: number[] = [];
    for (let n = 0; n < 3; n++) {
      const begun = performance.now();
      await sql.unsafe(statement);
      times.push(performance.now() - begun);
    }
    return short(median(times));
  };
  return {
    "ledger, MB with its indexes": (await bytes("public.generation_jobs") / MB).toFixed(),
    "queue, MB": (await bytes(`pgmq.q_${QUEUE}`) / MB).toFixed(),
    "archive, MB": (await bytes(`pgmq.a_${QUEUE}`) / MB).toFixed(),
    ...await times(session),
    "`generation_metrics()`": await once("select * from public.generation_metrics()"),
    "`generation_pending_jobs`, 50 rows": await once(
      "select * from public.generation_pending_jobs limit 50",
    ),
    "`generation_throughput`, 24 rows": await once(
      "select * from public.generation_throughput limit 24",
    ),
    "`count(*)` of the queue": await once(`select count(*) from pgmq.${QUEUE}`),
    "prune 1,000 jobs": await once(
      `select public.prune_generation_jobs(interval '1 day', quantity => 1000)`,
    ),
    ...await underSnapshot(ledger, session),
  };
}

/** The calls of a worker. */
async function times(session: Session): Promise<Record<string, string>> {
  const nothing = () => Promise.resolve();
  const claimed = async () => (await session.claim(1))[0];
  const p50 = async <T>(before: () => Promise<T>, call: (prepared: T) => Promise<unknown>) =>
    short(median((await costOf(session, CALLS, before, call)).times));
  return {
    "claim of five": await p50(nothing, () => session.claim(5)),
    "complete": await p50(claimed, (claim) => session.complete(claim)),
    "send": await p50(nothing, () => session.send()),
    "bare: `pgmq.read` of five": await p50(
      nothing,
      () => session.sql`select * from pgmq.read('bare', 30, 5)`,
    ),
  };
}

/**
 * A transaction that stays open keeps every version of a row that it could still see, so an index leads
 * to more and more that is dead. Its end and a vacuum bring the time of a claim back.
 */
async function underSnapshot(ledger: Ledger, session: Session): Promise<Record<string, string>> {
  const claims = async () =>
    short(
      median((await costOf(session, CALLS, () => Promise.resolve(), () => session.work())).times),
    );
  await using holder = ledger.session();
  await holder.sql`begin isolation level repeatable read`;
  await holder.sql`select count(*) from public.generation_limits`;
  for (let done = 0; done < UNDER_SNAPSHOT;) done += await session.work();
  const held = await claims();
  await holder.sql`commit`;
  const begun = performance.now();
  for (const table of [`pgmq.q_${QUEUE}`, "public.generation_jobs"]) {
    await session.sql.unsafe(`vacuum ${table}`);
  }
  const vacuum = short((performance.now() - begun) / 1000);
  return {
    [`a job after ${UNDER_SNAPSHOT} under a held snapshot`]: held,
    "vacuum of queue and ledger, s": vacuum,
    "a job after the vacuum": await claims(),
  };
}
