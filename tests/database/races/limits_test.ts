/** Limits that all workers keep together, when they all come at once. */

import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { cancel, type Claimed, complete, defer, extend, fail } from "../calls.ts";
import {
  HOSTED,
  job,
  NEWEST,
  overlap,
  pidOf,
  race,
  type Sessions,
  untilBlocked,
} from "./sessions.ts";

const IMAGES = "image_generation_queue";
const VIDEOS = "video_generation_queue";
const MODELS = ["model", "another"];

/** Claims as a worker does that knows its models. */
async function claim(session: Sql, quantity = 1, queue = IMAGES): Promise<Claimed[]> {
  const rows = await session<Claimed[]>`
    select job_id, msg_id, lease_token, message ->> 'prompt' as prompt, ${queue} as queue
    from public.claim_generation_jobs(${queue}, 30, ${quantity}, ${MODELS})`;
  return [...rows];
}

/** Messages of one storyboard, in one statement. */
async function send(session: Sql, count: number, storyboard = "sb", queue = IMAGES): Promise<void> {
  await session`
    select pgmq.send(${queue}, jsonb_build_object(
      'storyboardId', ${storyboard}::text, 'prompt', ${storyboard}::text || '-' || n
    )) from generate_series(1, ${count}) as n`;
}

/** There are these limits, and nothing has been counted yet. */
async function limit(session: Sql, ...limits: Record<string, string | number>[]): Promise<void> {
  await session`truncate generation_private.requests, generation_private.fair_share_cursors`;
  await session`delete from public.generation_limits`;
  for (const row of limits) await session`insert into public.generation_limits ${session(row)}`;
}

/** So many sessions, each of which is connected: what they do then begins at the same time. */
async function crowd({ another }: Sessions, count = 20): Promise<Sql[]> {
  const sessions = Array.from({ length: count }, another);
  await Promise.all(sessions.map((session) => session`select`));
  return sessions;
}

const atOnce = async <T>(sessions: Sql[], act: (session: Sql) => Promise<T[]>): Promise<T[]> =>
  (await Promise.all(sessions.map(act))).flat();

/** The running jobs, as this session sees them. */
async function running(session: Sql): Promise<number> {
  const [{ count }] = await session`
    select count(*)::int as count from public.generation_jobs where status = 'running'`;
  return count;
}

/** Puts a job back before anything was asked of the model. */
const giveBack = (session: Sql, { msg_id, lease_token }: Claimed) =>
  session`select public.defer_generation_job(
    ${IMAGES}, ${msg_id}, ${lease_token}, 0, false, null, null)`;

const distinct = (jobs: Claimed[]) => new Set(jobs.map(({ msg_id }) => msg_id)).size;

for (const server of [HOSTED, NEWEST]) {
  Deno.test(`limits that all workers keep together, on PostgreSQL ${server.major}`, (t) =>
    race(t, async (step) => {
      await step("twenty that claim at once are granted a minute's requests", async (sessions) => {
        const { onlooker } = sessions;
        await limit(onlooker, { model: "model", requests_per_minute: 7 });
        await send(onlooker, 100);
        const workers = await crowd(sessions);
        const granted = await atOnce(workers, (worker) => claim(worker, 3));
        assert.equal(granted.length, 7);
        assert.equal(distinct(granted), 7);
        assert.deepEqual(await atOnce(workers, (worker) => claim(worker, 3)), []);

        // Three are given back unbegun, and three more began more than a minute ago: one is left.
        const unbegun = granted.slice(0, 3);
        await Promise.all(unbegun.map((mine, n) => giveBack(workers[n], mine)));
        await onlooker`
          update generation_private.requests set granted_at = granted_at - interval '61 seconds'
          where job_id in (select job_id from generation_private.requests limit 3)`;
        const again = await atOnce(workers, (worker) => claim(worker, 2));
        assert.equal(again.length, 6);
      });

      await step("what is counted for one model leaves the other alone", async (sessions) => {
        const { onlooker } = sessions;
        await limit(onlooker, { model: "model", requests_per_minute: 4 });
        await send(onlooker, 50);
        await onlooker`
          select pgmq.send(${IMAGES}, jsonb_build_object('prompt', 'other', 'model', 'another'))
          from generate_series(1, 10)`;
        const granted = await atOnce(await crowd(sessions), (worker) => claim(worker, 2));
        const other = granted.filter(({ prompt }) => prompt === "other");
        assert.deepEqual([granted.length, other.length], [14, 10]);
      });

      await step(
        "no more are in flight than may be, whatever becomes of them",
        async (sessions) => {
          const { onlooker } = sessions;
          const most = 5;
          await limit(onlooker, { model: "model", jobs_in_flight: most });
          await send(onlooker, 57); // and the three that are there
          const workers = await crowd(sessions);
          const first = await atOnce(workers, (worker) => claim(worker));
          assert.equal(first.length, most, "as many as may be, of twenty that claim at once");

          /** A completion, a failure, a cancellation or, the first time, a deferral. */
          const settle = (worker: Sql, mine: Claimed): Promise<unknown> => {
            const ways = mine.lease_token === 1
              ? [complete, defer, fail, defer, (s: Sql) => cancel(s, mine.job_id)]
              : [complete];
            return ways[Number(mine.msg_id) % ways.length](worker, mine);
          };
          await Promise.all(first.map((mine, n) => settle(workers[n], mine)));

          const left = async () => {
            const [{ left }] = await onlooker`
            select count(*)::int as left from public.generation_jobs
            where status in ('queued', 'running')`;
            return left;
          };
          const seen: number[] = [];
          await Promise.all(workers.map(async (worker) => {
            while (await left() > 0) {
              // No other claim takes effect before this one, so what is running before its
              // commit is the most that there can be after it.
              await worker`begin`;
              const mine = await claim(worker, 2);
              if (mine.length > 0) seen.push(await running(worker));
              await worker`commit`;
              for (const job of mine) await settle(worker, job);
            }
          }));
          assert.ok(Math.max(...seen) <= most, `${Math.max(...seen)} at a time`);
          const [{ attempts, ended }] = await onlooker`
          select sum(attempts)::int as attempts,
            count(*) filter (where status in ('succeeded', 'failed', 'cancelled'))::int as ended
          from public.generation_jobs`;
          assert.equal(ended, 60);
          assert.ok(attempts > 60, "some were deferred and done again");
        },
      );

      await step("three jobs do not wait for a thousand", async (sessions) => {
        const { onlooker } = sessions;
        await limit(onlooker, { queue: IMAGES, fair_share: "storyboard" });
        await send(onlooker, 1000, "many");
        await send(onlooker, 3, "few");
        const granted = await atOnce(await crowd(sessions), (worker) => claim(worker));
        assert.equal(granted.length, 20);
        // Claims come one after the other, so the order in which they began is that of the turns.
        const inOrder = await onlooker`
          select storyboard_id from public.generation_jobs
          where status = 'running' order by started_at limit 9`;
        assert.deepEqual(
          inOrder.map(({ storyboard_id }) => storyboard_id),
          ["sb", "many", "few", "sb", "many", "few", "sb", "many", "few"],
        );
      });

      await step("what twenty send at once takes turns all the same", async (sessions) => {
        const { onlooker } = sessions;
        await limit(onlooker, { queue: IMAGES, fair_share: "storyboard" });
        const senders = await crowd(sessions);
        await Promise.all(senders.map((sender, n) => send(sender, 10, `board-${n}`)));
        // The three that were there, and the first of each: who sent when makes no difference.
        const first: string[] = [];
        while (first.length < 22) {
          for (const mine of await claim(onlooker, 5)) first.push(mine.prompt);
        }
        const boards = first.slice(0, 21).map((prompt) => prompt.replace(/-\d+$/, ""));
        assert.deepEqual(
          new Set(boards),
          new Set(["1", ...senders.map((_, n) => `board-${n}`)]),
        );
      });

      await step("twenty that send with one key send once", async (sessions) => {
        const { onlooker } = sessions;
        const before = await onlooker`select from pgmq.q_image_generation_queue`;
        const answers = await atOnce(await crowd(sessions), async (sender) => [
          ...await sender`
            select job_id, msg_id from public.enqueue_generation_job(
              ${IMAGES}, '{"storyboardId": "sb", "prompt": "once"}', idempotency_key => 'key'
            )`,
        ]);
        assert.equal(answers.length, 20);
        const { id, msg_id } = await job(onlooker, "once");
        for (const answer of answers) assert.deepEqual(answer, { job_id: id, msg_id });
        const after = await onlooker`select from pgmq.q_image_generation_queue`;
        assert.equal(after.length, before.length + 1);
      });

      await step("what one sender undoes is sent by the next", async ({ a, b, onlooker }) => {
        const enqueue = (session: Sql) =>
          session`
            select job_id from public.enqueue_generation_job(
              ${IMAGES}, '{"storyboardId": "sb", "prompt": "undone"}', idempotency_key => 'undone'
            )`;
        const pid = await pidOf(b);
        await a`begin`;
        const [undone] = await enqueue(a);
        const late = enqueue(b).execute();
        assert.equal(await untilBlocked(onlooker, pid), true);
        await a`rollback`;
        const [sent] = await late;
        assert.notEqual(sent.job_id, undone.job_id);
        assert.equal((await job(onlooker, "undone")).id, sent.job_id);
      });

      await step(
        "a claim waits for another one, and takes what that has left",
        async (sessions) => {
          await limit(sessions.onlooker, { model: "model", requests_per_minute: 3 });
          await send(sessions.onlooker, 10);
          const { first, second, waited } = await overlap(
            sessions,
            (a) => claim(a, 2),
            (b) => claim(b, 2),
          );
          assert.deepEqual([first.length, second.length, waited], [2, 1, true]);
        },
      );

      await step(
        "a claim that waits for a limit to be changed keeps the new one",
        async (sessions) => {
          await limit(sessions.onlooker, { model: "model", requests_per_minute: 3 });
          await send(sessions.onlooker, 10);
          const { second, waited } = await overlap(
            sessions,
            (a) => a`update public.generation_limits set requests_per_minute = 1`,
            (b) => claim(b, 5),
          );
          assert.deepEqual([second.length, waited], [1, true]);
        },
      );

      const SLOW: [string, (session: Sql, mine: Claimed) => Promise<unknown>][] = [
        ["sends", (a) => send(a, 3, "slow")],
        ["extends a lease", extend],
        ["completes a job", complete],
        ["defers a job", (a, mine) => defer(a, mine)],
        ["gives a job back unbegun", giveBack],
        ["fails a job", fail],
        ["cancels a job", (a, { job_id }) => cancel(a, job_id)],
        ["looks at everything", (a) => a`select from public.generation_metrics()`],
      ];
      for (const [name, act] of SLOW) {
        await step(`a claim does not wait for a transaction that ${name}`, async (sessions) => {
          await limit(
            sessions.onlooker,
            { model: "model", requests_per_minute: 6, jobs_in_flight: 6 },
            { queue: IMAGES, fair_share: "storyboard" },
          );
          const [mine] = await claim(sessions.onlooker);
          const { second, waited } = await overlap(
            sessions,
            (a) => act(a, mine),
            (b) => claim(b),
          );
          assert.deepEqual([second.length, waited], [1, false]);
          assert.notEqual(second[0].job_id, mine.job_id);
        });
      }

      await step(
        "without limits of its own a queue does not wait for the other",
        async (sessions) => {
          await limit(sessions.onlooker, { queue: VIDEOS, fair_share: "owner" });
          await send(sessions.onlooker, 3, "sb", VIDEOS);
          const { first, second, waited } = await overlap(
            sessions,
            (a) => claim(a, 2, VIDEOS),
            (b) => claim(b, 2),
          );
          assert.deepEqual([first.length, second.length, waited], [2, 2, false]);
        },
      );

      await step("no session waits in a circle", async (sessions) => {
        const { onlooker } = sessions;
        await limit(
          onlooker,
          { model: "model", requests_per_minute: 10_000, jobs_in_flight: 30 },
          { model: "another", jobs_in_flight: 2 },
          { queue: IMAGES, fair_share: "storyboard" },
          { queue: VIDEOS, fair_share: "owner" },
        );
        const rounds = 15;
        const settle = [complete, defer, fail, (s: Sql, { job_id }: Claimed) => cancel(s, job_id)];
        await Promise.all((await crowd(sessions)).map(async (session, n) => {
          const queue = n % 2 ? IMAGES : VIDEOS;
          for (let round = 0; round < rounds; round++) {
            if (n < 4) {
              await send(session, 5, `board-${n}-${round % 3}`, queue);
            } else if (n === 4) {
              const fair_share = round % 2 ? "owner" : "storyboard";
              await session`update public.generation_limits set fair_share = ${fair_share}
                where queue is not null`;
            } else if (n === 5) {
              await session`update public.generation_limits set jobs_in_flight = ${20 + round}
                where model = 'model'`;
            } else {
              for (const mine of await claim(session, 3, queue)) {
                await settle[(n + round) % settle.length](session, mine);
              }
            }
          }
        }));
        // A deadlock would have ended a call with an error.
        const [{ ended }] = await onlooker`
          select count(*)::int as ended from public.generation_jobs where finished_at is not null`;
        assert.ok(ended > 0);
      });

      await step("without limits no session waits again", async (sessions) => {
        await limit(sessions.onlooker);
        const { waited } = await overlap(sessions, (a) => claim(a), (b) => claim(b));
        assert.equal(waited, false);
      });
    }, server));
}
