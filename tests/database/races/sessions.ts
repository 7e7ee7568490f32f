/**
 * Sessions that overlap, on a real server: what one connection cannot show.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Sql } from "postgres";
import type { PgmqVersion } from "../../../local/database/extension_files.ts";
import { migrate } from "../../../local/database/migrate.ts";
import { connect, startPostgres } from "../../support/postgres.ts";
import { disagreements } from "../agreement.ts";

/** Two who act, and one who looks on. Each has a connection of its own. */
export interface Sessions {
  a: Sql;
  b: Sql;
  onlooker: Sql;
  /** Another connection as the same role, closed with the rest. */
  another(): Sql;
}

export type Step = (name: string, body: (sessions: Sessions) => Promise<void>) => Promise<void>;

/** The servers on which races are run: what Supabase hosts, and what the newest PostgreSQL brings. */
export const HOSTED = { major: 15, pgmq: "1.5.1" } as const;
export const NEWEST = { major: 18, pgmq: "1.11.1" } as const;

/**
 * Runs steps on one migrated database. Each finds three images for one scene on the queue, and
 * nothing else, and has to leave queue, ledger and archive in agreement.
 */
export async function race(
  t: Deno.TestContext,
  body: (step: Step) => Promise<void>,
  { major, pgmq }: { major: 15 | 18; pgmq: PgmqVersion } = HOSTED,
): Promise<void> {
  const server = await startPostgres({ major });
  try {
    const { url } = await server.createDatabase({ pgmq: { extension: pgmq } });
    const owner = connect(url);
    await migrate(async (sql) => void (await owner.unsafe(sql)));
    await body(async (name, act) => {
      await t.step(name, async () => {
        const opened: Sql[] = [];
        const another = () => {
          const session = connect(url);
          opened.push(session);
          return session;
        };
        try {
          await owner.unsafe(AFRESH);
          await act({ a: another(), b: another(), onlooker: another(), another });
          assert.deepEqual(await disagreements(owner), []);
        } finally {
          await Promise.all(opened.map((session) => session.end()));
        }
      });
    });
    await owner.end();
  } finally {
    await server.close();
  }
}

const AFRESH = `
  truncate pgmq.q_image_generation_queue, pgmq.q_video_generation_queue,
    pgmq.a_image_generation_queue, pgmq.a_video_generation_queue,
    public.generation_jobs, public.generation_publications, public.kv_store_7ee7668a cascade;
  insert into public.kv_store_7ee7668a values ('scene:sb:s1', '{"title": "Cliff"}');
  select pgmq.send('image_generation_queue', jsonb_build_object(
    'storyboardId', 'sb', 'sceneId', 's1', 'prompt', n::text
  )) from generate_series(1, 3) as n;
`;

/** The outcome of two calls that overlapped. */
export interface Overlap<A, B> {
  first: A;
  second: B;
  /** Whether the second had to wait for the first to end. */
  waited: boolean;
}

/** Makes a call in a transaction of a's, and another in b, which is under way when a commits. */
export async function overlap<A, B>(
  { a, b, onlooker }: Sessions,
  first: (session: Sql) => Promise<A>,
  second: (session: Sql) => Promise<B>,
): Promise<Overlap<A, B>> {
  const [{ pid }] = await b`select pg_backend_pid() as pid`;
  await a`begin`;
  const answer = await first(a);
  let answered = false;
  const late = second(b).finally(() => answered = true);
  late.catch(() => {}); // it is awaited below
  const waited = await untilBlocked(onlooker, pid, () => answered);
  await a`commit`;
  return { first: answer, second: await late, waited };
}

/** Resolves when a session waits for a lock (true), or has got its answer first (false). */
export async function untilBlocked(
  onlooker: Sql,
  pid: number,
  answered = () => false,
): Promise<boolean> {
  for (const started = Date.now(); Date.now() - started < 20_000;) {
    if (answered()) return false;
    const [{ blocked }] =
      await onlooker`select cardinality(pg_blocking_pids(${pid})) > 0 as blocked`;
    if (blocked) return true;
  }
  throw new Error("the session neither answers nor waits");
}

/** The process of a session, as `untilBlocked` wants it. */
export async function pidOf(session: Sql): Promise<number> {
  const [{ pid }] = await session`select pg_backend_pid() as pid`;
  return pid;
}

/** The ledger row of the job with this prompt. */
export async function job(session: Sql, prompt: string) {
  const [row] = await session`select * from public.generation_jobs where prompt = ${prompt}`;
  return row;
}

/** Makes messages visible at once: their leases have run out. */
export async function expire(session: Sql): Promise<void> {
  await session`update pgmq.q_image_generation_queue set vt = clock_timestamp()`;
}
