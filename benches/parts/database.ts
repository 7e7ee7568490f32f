/** What a job costs the database, call by call, and how many clients can have done of them. */
import { type Claim, type Cost, costOf, Ledger, type Session } from "../measure/ledger.ts";
import { median, short } from "../measure/numbers.ts";
import type { Effort, Part, Result, Table } from "../measure/result.ts";

const CALLS = 300;
const ENDED = 100_000;
const WAITING = 60_000;
const CLIENTS = [1, 8];
const SECONDS = 5;
/** Messages that are added before each round: more than a bare queue hands out in it. */
const A_ROUND = 20_000;

export const database: Part = {
  name: "database",
  what: "what a job costs PostgreSQL, and jobs per second of 1 and 8 clients",
  async run(effort): Promise<Result> {
    await using ledger = await Ledger.start();
    await ledger.end(1, ENDED);
    await ledger.send(WAITING);
    {
      await using session = ledger.session();
      await session.sql`vacuum analyze`;
    }
    return { tables: [await calls(ledger, effort), await throughput(ledger, effort)] };
  },
};

async function calls(ledger: Ledger, { isQuick }: Effort): Promise<Table> {
  await using session = ledger.session();
  const count = isQuick ? 50 : CALLS;
  const nothing = () => Promise.resolve();
  // What stays claimed would lie before all that waits, and each claim would have to pass it by.
  const held: Claim[] = [];
  const settle = async () => {
    for (const claim of held.splice(0)) await session.complete(claim);
  };
  const claim = async (quantity: number) => {
    held.push(...await session.claim(quantity));
  };
  const claimed = async () => (await session.claim(1))[0];
  const completed = async () => {
    const claim = await claimed();
    return { claim, due: await session.complete(claim) };
  };
  const measured: Record<string, Cost> = {
    "send": await costOf(session, count, nothing, () => session.send()),
    "claim of one": await costOf(session, count, settle, () => claim(1)),
    "claim of five": await costOf(session, count, settle, () => claim(5)),
    "complete": await costOf(session, count, claimed, (claim) => session.complete(claim)),
    "confirm the current object": await costOf(
      session,
      count,
      completed,
      ({ claim, due }) => session.confirm(claim, due),
    ),
    "complete, confirm and claim in one call": await costOf(
      session,
      count,
      nothing,
      () => session.work(),
    ),
    "bare: `pgmq.read` of one and `pgmq.archive`": await costOf(
      session,
      count,
      nothing,
      () => session.bare(1),
    ),
  };
  const rows = Object.entries(measured).map(([name, { times, cpu, wal }]) => {
    const p95 = times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.95)];
    return [name, short(median(times)), short(p95), short(cpu), wal.toFixed()];
  });
  const columns = ["", "p50, ms", "p95, ms", "CPU, ms", "WAL, bytes"];
  return { title: "Calls of the database", columns, rows };
}

async function throughput(ledger: Ledger, { rounds, isQuick }: Effort): Promise<Table> {
  const kinds: Record<string, (session: Session) => Promise<number>> = {
    "one call: complete, confirm, claim": (session) => session.work(),
    "bare: `pgmq.read`, `pgmq.archive`": (session) => session.bare(1),
  };
  const rates: Record<string, number[][]> = {};
  for (let round = 0; round < rounds; round++) {
    await ledger.send(A_ROUND);
    for (const [name, work] of Object.entries(kinds)) {
      for (const [at, clients] of CLIENTS.entries()) {
        const rate = await perSecond(ledger, clients, isQuick ? 1 : SECONDS, work);
        ((rates[name] ??= [])[at] ??= []).push(rate);
      }
    }
  }
  const rows = Object.entries(rates).map(([name, of]) => [
    name,
    ...of.map((samples) => median(samples).toFixed()),
  ]);
  const columns = ["", ...CLIENTS.map((count) => `${count} client${count > 1 ? "s" : ""}`)];
  return { title: "Jobs per second", columns, rows };
}

/** How many jobs so many clients have done per second. */
async function perSecond(
  ledger: Ledger,
  clients: number,
  seconds: number,
  work: (session: Session) => Promise<number>,
): Promise<number> {
  await using opened = new AsyncDisposableStack();
  const sessions = Array.from({ length: clients }, () => opened.use(ledger.session()));
  await Promise.all(sessions.map(work)); // it plans
  const end = performance.now() + seconds * 1000;
  const done = await Promise.all(sessions.map(async (session) => {
    let jobs = 0;
    while (performance.now() < end) jobs += await work(session);
    return jobs;
  }));
  return done.reduce((sum, jobs) => sum + jobs, 0) / seconds;
}
