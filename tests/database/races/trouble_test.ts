/** Models in trouble, when all workers come at once. */

import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { type Claimed, complete } from "../calls.ts";
import { HOSTED, NEWEST, overlap, race, type Sessions } from "./sessions.ts";

const QUEUE = "image_generation_queue";
const MODELS = ["model", "another"];

/** Claims as a worker does that lets jobs wait for its first model. */
async function claim(session: Sql, quantity = 1, models = MODELS): Promise<Claimed[]> {
  const rows = await session<Claimed[]>`
    select job_id, msg_id, lease_token, message ->> 'prompt' as prompt, ${QUEUE} as queue
    from public.claim_generation_jobs(${QUEUE}, 30, ${quantity}, ${models}, null)`;
  return [...rows];
}

/** A quota that is used up begins a rest, also beside jobs that succeed. */
const report = async (session: Sql, { msg_id, lease_token }: Claimed): Promise<number | null> => {
  const [{ seconds }] = await session`
    select public.report_generation_trouble(${QUEUE}, ${msg_id}, ${lease_token}, 'model', 'resting',
      'quota_exhausted', 'too many') as seconds`;
  return seconds;
};

const wait = (session: Sql, { msg_id, lease_token }: Claimed, seconds = 1000) =>
  session`
    select public.defer_generation_job(${QUEUE}, ${msg_id}, ${lease_token}, ${seconds}, false,
      'provider_unavailable', 'overloaded', waits_for => 'model')`;

/** Stores an asset that the model in trouble has made. */
const succeed = (session: Sql, { msg_id, lease_token, prompt }: Claimed) =>
  session`
    select public.complete_generation_job(${QUEUE}, ${msg_id}, ${lease_token}, ${prompt},
      'https://x/', 'image/png', 'model', '{}', 0)`;

const send = (session: Sql, count: number) =>
  session`
    select pgmq.send(${QUEUE}, jsonb_build_object('prompt', 'sent ' || n))
    from generate_series(1, ${count}::int) as n`;

const restIsOver = (session: Sql) =>
  session`
    update public.generation_models set rests_until = clock_timestamp() where state <> 'ok'`;

const stands = async (session: Sql) =>
  (await session`select state, troubles from public.generation_models where model = 'model'`)[0];

const visible = async (session: Sql): Promise<number> => {
  const [{ count }] = await session`
    select count(*)::int as count from pgmq.q_image_generation_queue where vt <= clock_timestamp()`;
  return count;
};

/** Twenty workers that are connected: what they do then begins at the same time. */
async function crowd({ another }: Sessions): Promise<Sql[]> {
  const sessions = Array.from({ length: 20 }, another);
  await Promise.all(sessions.map((session) => session`select`));
  return sessions;
}

for (const server of [HOSTED, NEWEST]) {
  Deno.test(`models in trouble, on PostgreSQL ${server.major}`, (t) =>
    race(t, async (step) => {
      const afresh = (name: string, body: (sessions: Sessions) => Promise<void>) =>
        step(name, async (sessions) => {
          await sessions.onlooker`delete from public.generation_models`;
          await send(sessions.onlooker, 60);
          await body(sessions);
        });

      await afresh(
        "versions of a function with other models do not wait for each other",
        async (sessions) => {
          await claim(sessions.onlooker, 0);
          const { first, second, waited } = await overlap(
            sessions,
            (a) => claim(a, 1, ["newer", "model"]),
            (b) => claim(b, 1, ["newest"]),
          );
          assert.deepEqual([first.length, second.length, waited], [1, 1, false]);
          await claim(sessions.onlooker, 0, ["newest"]);
          const [{ models }] = await sessions.onlooker`
          select models from generation_private.workers where queue = ${QUEUE}`;
          assert.deepEqual(models, ["newest"], "a later claim says what its worker has");
        },
      );

      await afresh("twenty that meet one trouble begin one rest", async (sessions) => {
        const workers = await crowd(sessions);
        const claims = (await Promise.all(workers.map((worker) => claim(worker)))).flat();
        const answers = await Promise.all(claims.map((mine, n) => report(workers[n], mine)));
        assert.ok(answers.every((seconds) => seconds! >= 15 && seconds! <= 19), `${answers}`);
        assert.deepEqual({ ...await stands(workers[0]) }, { state: "resting", troubles: 1 });
      });

      await afresh("of twenty that come when a rest is over, one probes", async (sessions) => {
        const { a, onlooker } = sessions;
        const [first] = await claim(a);
        await report(a, first);
        await wait(a, first);
        const workers = await crowd(sessions);
        for (let rest = 1; rest <= 5; rest++) {
          const early = await Promise.all(workers.map((worker) => claim(worker, 5)));
          assert.deepEqual(early.flat(), [], "while it rests");
          await restIsOver(onlooker);
          const probes = await Promise.all(workers.map((worker) => claim(worker, 5)));
          assert.equal(probes.flat().length, 1, `after rest ${rest}`);
          const [[probe]] = probes.filter((claims) => claims.length > 0);
          await report(workers[0], probe);
          await wait(workers[0], probe);
          assert.equal((await stands(onlooker)).troubles, rest + 1);
        }
      });

      await afresh("a prober that is killed frees its place", async (sessions) => {
        const { a, b, onlooker } = sessions;
        const [first] = await claim(a);
        await report(a, first);
        await restIsOver(onlooker);
        const { second: other } = await overlap(sessions, async () => {
          const [probe] = await claim(a);
          assert.notEqual(probe.msg_id, first.msg_id);
          // Its lease runs out as if its worker were gone.
          await a`update pgmq.q_image_generation_queue set vt = clock_timestamp()
            where msg_id = ${probe.msg_id}`;
        }, (session) => claim(session));
        assert.equal(other.length, 1, "another probes");
        assert.deepEqual(await claim(b), [], "and only one");
      });

      await afresh("the first success makes all that wait visible", async (sessions) => {
        const { a, onlooker } = sessions;
        const claims = await claim(a, 20);
        await report(a, claims[0]);
        for (const mine of claims.slice(1)) await wait(a, mine);
        const before = await visible(onlooker);
        await succeed(a, claims[0]);
        assert.equal(await visible(onlooker), before + 19);
        const workers = await crowd(sessions);
        const taken = (await Promise.all(workers.map((worker) => claim(worker, 5)))).flat();
        assert.equal(taken.length, before + 19, "and all are taken");
      });

      // In both orders of a deferral and the success that it would have waited for.
      await afresh("a deferral that meets the end of the rest sleeps not through it", async (s) => {
        const { a, b, onlooker } = s;
        for (const successFirst of [true, false]) {
          const [well, late] = await claim(a, 2);
          await report(a, well);
          const succeeds = (session: Sql) => succeed(session, well);
          const waits = (session: Sql) => wait(session, late);
          await overlap(s, successFirst ? succeeds : waits, successFirst ? waits : succeeds);
          const [{ hidden }] = await onlooker`
            select vt > clock_timestamp() as hidden from pgmq.q_image_generation_queue
            where msg_id = ${late.msg_id}`;
          assert.equal(hidden, false, successFirst ? "after it" : "before it");
          assert.equal((await stands(onlooker)).state, "ok");
        }
        await b`select`;
      });

      await afresh("no session waits in a circle", async (sessions) => {
        const workers = await crowd(sessions);
        await Promise.all(workers.map(async (worker, n) => {
          for (let round = 0; round < 15; round++) {
            for (const mine of await claim(worker, 2)) {
              if ((n + round) % 3 === 0) await succeed(worker, mine);
              else {
                await report(worker, mine);
                await wait(worker, mine, 0);
              }
            }
            if (round % 5 === n % 5) await worker`select public.reset_generation_models()`;
            else await restIsOver(worker);
          }
        }));
        await sessions.onlooker`select public.reset_generation_models()`;
        for (let left = await claim(workers[0], 100); left.length > 0;) {
          for (const mine of left) await complete(workers[0], mine);
          left = await claim(workers[0], 100);
        }
        const [{ live }] = await sessions.onlooker`
          select count(*)::int as live from public.generation_jobs where finished_at is null`;
        assert.equal(live, 0, "and all jobs end");
      });
    }, server));
}
