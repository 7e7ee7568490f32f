/**
 * A crowd of workers, senders, operators and people with pgmq's own functions, who all do at random
 * what comes to their mind.
 *
 * @module
 */

import type { Sql } from "postgres";
import * as call from "../calls.ts";

/** A sequence of numbers in [0, 1) that is the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What the crowd knows of each other: leases go from hand to hand, also those that are long over. */
interface Gossip {
  leases: call.Claimed[];
  /** Completions whose copies may be confirmed. */
  completed: { job_id: string; publications: unknown[] }[];
  sent: number;
}

type Pick = <T>(from: readonly T[]) => T;
type Deed = (session: Sql, gossip: Gossip, pick: Pick) => Promise<unknown>;

const QUEUES = ["image_generation_queue", "video_generation_queue"];
const IDS = ["1", "2", "3"];
const MODELS = ["model", "another"];

/** A call with a lease that a session has or had. */
const withLease =
  (deed: (session: Sql, lease: call.Claimed) => PromiseLike<unknown>): Deed =>
  async (session, { leases }, pick) => {
    if (leases.length > 0) await deed(session, pick(leases));
  };

const DEEDS: Record<string, Deed> = {
  send: async (session, gossip, pick) => {
    const prompt = `${gossip.sent++}`;
    const message = { storyboardId: "sb", sceneId: pick(IDS), characterId: pick(IDS), prompt };
    await session`select pgmq.send(${pick(QUEUES)}, ${session.json(message)})`;
  },
  enqueue: async (session, gossip, pick) => {
    const message = { storyboardId: "sb", sceneId: pick(IDS), prompt: `${gossip.sent++}` };
    await session`select public.enqueue_generation_job(${pick(QUEUES)}, ${session.json(message)})`;
  },
  claim: async (session, { leases }, pick) => {
    leases.push(...await call.claim(session, pick([1, 2, 3]), pick(QUEUES)));
    leases.splice(0, leases.length - 40);
  },
  // Workers that name their models, of which one comes into trouble now and then.
  claimOfModels: async (session, { leases }, pick) => {
    const queue = pick(QUEUES);
    const claimed = await session<call.Claimed[]>`
      select job_id, msg_id, lease_token, message ->> 'prompt' as prompt, ${queue} as queue
      from public.claim_generation_jobs(${queue}, 30, ${pick([1, 2, 3])}, ${MODELS}, ${
      pick([0, 600])
    })`;
    leases.push(...claimed);
  },
  trouble: withLease((session, { queue, msg_id, lease_token }) =>
    session`select public.report_generation_trouble(${queue!}, ${msg_id}, ${lease_token}, 'model',
      'resting', 'provider_unavailable', 'overloaded')`
  ),
  waitForModel: withLease((session, { queue, msg_id, lease_token }) =>
    session`select public.defer_generation_job(${queue!}, ${msg_id}, ${lease_token}, 1, false,
      'provider_unavailable', 'overloaded', waits_for => 'model')`
  ),
  restIsOver: (session) =>
    session`update public.generation_models set rests_until = clock_timestamp()
      where state <> 'ok'`,
  reset: (session) => session`select public.reset_generation_models()`,
  extend: withLease(call.extend),
  begin: withLease(call.begin),
  record: withLease((session, lease) => call.record(session, lease)),
  defer: withLease((session, lease) => call.defer(session, lease)),
  fail: withLease(call.fail),
  cancel: withLease((session, { job_id }) => call.cancel(session, job_id)),
  complete: async (session, { leases, completed }, pick) => {
    if (leases.length === 0) return;
    const lease = pick(leases);
    const { held, publications } = await call.complete(session, lease);
    if (held) completed.push({ job_id: lease.job_id, publications });
    completed.splice(0, completed.length - 20);
  },
  confirm: async (session, { completed }, pick) => {
    if (completed.length === 0) return;
    const { job_id, publications } = pick(completed);
    await call.confirm(session, job_id, publications);
  },
  unpublished: (session, _, pick) => call.unpublished(session, pick(QUEUES)),
  redrive: (session, _, pick) => call.redrive(session, pick(QUEUES)),
  redriveOne: withLease((session, { job_id }) =>
    session`select public.redrive_generation_jobs(array[${job_id}::uuid], forget_operation => true)`
  ),
  prune: (session, _, pick) => call.prune(session, pick([false, false, true])),
  look: withLease((session, { job_id }) =>
    session`
      select public.generation_job(${job_id}), m, s
      from public.generation_metrics() as m, public.generation_standing as s`
  ),
  // Time passes: leases run out, and what has ended becomes old.
  expire: (session, _, pick) => session.unsafe(expired(pick(QUEUES))),
  age: (session) =>
    session`
      update public.generation_jobs
      set finished_at = finished_at - interval '1 day', updated_at = updated_at - interval '1 hour'
      where id in (
        select id from public.generation_jobs where finished_at is not null
        order by random() limit 5 for update skip locked
      )`,
  read: (session, _, pick) => session`select msg_id from pgmq.read(${pick(QUEUES)}, 0, 1)`,
  delete: withLease((session, { queue, msg_id }) =>
    session`select pgmq.delete(${queue!}, ${msg_id}::bigint)`
  ),
  archive: withLease((session, { queue, msg_id }) =>
    session`select pgmq.archive(${queue!}, ${msg_id}::bigint)`
  ),
};

const expired = (queue: string) => `
  update pgmq.q_${queue} set vt = clock_timestamp() where msg_id in (
    select msg_id from pgmq.q_${queue} for update skip locked
  )`;

/** What is done more often than the rest, so that jobs come to something. */
const OFTEN = ["send", "send", "claim", "claim", "claim", "complete", "complete", "expire", "age"];

/**
 * Lets the sessions do their deeds until the time is over, then brings everything to rest.
 *
 * @returns the error codes that PostgreSQL answered, each with how often, and the number of deeds.
 */
export async function crowd(
  sessions: Sql[],
  { seed, milliseconds }: { seed: number; milliseconds: number },
): Promise<{ errors: Map<string, number>; deeds: number }> {
  const gossip: Gossip = { leases: [], completed: [], sent: 0 };
  const errors = new Map<string, number>();
  let deeds = 0;
  const end = Date.now() + milliseconds;

  await Promise.all(sessions.map(async (session, index) => {
    const next = random(seed + index);
    const pick: Pick = (from) => from[Math.floor(next() * from.length)];
    const names = [...Object.keys(DEEDS), ...OFTEN];
    while (Date.now() < end) {
      deeds++;
      // One of them alone, and seldom: two purges at a time are more than pgmq itself can bear.
      const purges = index === 0 && next() < 0.02;
      const deed: Deed = purges
        ? (session, _, pick) => session`select pgmq.purge_queue(${pick(QUEUES)})`
        : DEEDS[pick(names)];
      await deed(session, gossip, pick).catch((error) => {
        const name = error.code ?? String(error);
        errors.set(name, (errors.get(name) ?? 0) + 1);
      });
    }
  }));

  // A cancellation may have left its message to the next claim.
  const [session] = sessions;
  await session.unsafe("set default_transaction_isolation = 'read committed'");
  for (const queue of QUEUES) {
    await session.unsafe(expired(queue));
    while ((await call.claim(session, 100, queue)).length > 0);
  }
  return { errors, deeds };
}
