/** Who holds a job, when two want it. */

import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { begin, cancel, claim, type Claimed, defer, extend, record } from "../calls.ts";
import { expire, job, overlap, race } from "./sessions.ts";

type Call = (session: Sql, mine: Claimed) => Promise<unknown>;

const claiming: Call = async (session) => (await claim(session)).map(({ prompt }) => prompt);
const cancelling: Call = async (session, { job_id }) => (await cancel(session, job_id)).cancelled;
const deferring: Call = (session, mine) => defer(session, mine);

/** Two calls for a claimed job with their answers, and what its row has afterwards. */
const PAIRS: [string, [Call, unknown], [Call, unknown], Record<string, unknown>][] = [
  [
    "an extension that comes first keeps the job, though its lease had run out",
    [extend, true],
    [claiming, ["2"]],
    { lease_token: 1 },
  ],
  [
    "an extension that comes after the next claim has lost the job",
    [claiming, ["1"]],
    [extend, false],
    { lease_token: 2 },
  ],
  [
    "a deferral gives the job back, and an extension does not take it again",
    [deferring, true],
    [extend, false],
    { status: "queued" },
  ],
  [
    "an extension does not keep a deferral from giving back",
    [extend, true],
    [deferring, true],
    { status: "queued" },
  ],
  [
    "what is cancelled meanwhile is not submitted",
    [cancelling, true],
    [begin, false],
    { submission_started_at: null },
  ],
  [
    "a cancellation keeps what was announced just before",
    [begin, true],
    [cancelling, true],
    { status: "cancelled", submission_model: "veo" },
  ],
];

Deno.test("who holds a job", (t) =>
  race(t, async (step) => {
    await step("two workers claim disjoint messages, without waiting", async (sessions) => {
      const { first, second, waited } = await overlap(
        sessions,
        (a) => claim(a, 2),
        (b) => claim(b, 5),
      );
      assert.deepEqual(first.map((job) => job.prompt), ["1", "2"]);
      assert.deepEqual(second.map((job) => job.prompt), ["3"]);
      assert.equal(waited, false);
    });

    await step("twenty workers claim every message once", async ({ onlooker, another }) => {
      await onlooker`
        select pgmq.send('image_generation_queue', jsonb_build_object('prompt', n::text))
        from generate_series(4, 100) as n`;
      const workers = Array.from({ length: 20 }, another);
      const prompts = await Promise.all(workers.map(async (worker) => {
        const taken: string[] = [];
        for (;;) {
          const jobs = await claim(worker, 3);
          if (jobs.length === 0) return taken;
          taken.push(...jobs.map((job) => job.prompt));
        }
      }));
      const all = prompts.flat();
      assert.equal(all.length, 100);
      assert.equal(new Set(all).size, 100);
    });

    for (const [name, [one, answer], [other, late], row] of PAIRS) {
      await step(name, async (sessions) => {
        const [mine] = await claim(sessions.onlooker);
        if (one === claiming || other === claiming) await expire(sessions.onlooker);
        const { first, second } = await overlap(
          sessions,
          (a) => one(a, mine),
          (b) => other(b, mine),
        );
        assert.deepEqual([first, second], [answer, late]);
        const after = await job(sessions.onlooker, "1");
        for (const [column, value] of Object.entries(row)) assert.equal(after[column], value);
      });
    }

    await step(
      "an extension that waits for a claim that is undone keeps the job",
      async (sessions) => {
        const [mine] = await claim(sessions.onlooker);
        await expire(sessions.onlooker);
        const { second } = await overlap(sessions, async (a) => {
          await a`savepoint before`;
          await claim(a);
          await a`rollback to before`;
        }, (b) => extend(b, mine));
        assert.equal(second, true);
      },
    );

    await step("an operation comes too late when the next worker has claimed", async (sessions) => {
      const [mine] = await claim(sessions.onlooker);
      await begin(sessions.onlooker, mine);
      await expire(sessions.onlooker);
      const { first: [next], second } = await overlap(
        sessions,
        (a) => claim(a),
        (b) => record(b, mine),
      );
      assert.equal(second, false);
      assert.equal((await job(sessions.onlooker, "1")).operation, null);
      assert.equal(await begin(sessions.a, next), false, "an announced submission stops everybody");
    });

    await step(
      "the next worker learns of an operation that is being recorded",
      async (sessions) => {
        const [mine] = await claim(sessions.onlooker);
        await expire(sessions.onlooker);
        const { first, second } = await overlap(
          sessions,
          (a) => record(a, mine),
          (b) => claim(b),
        );
        assert.equal(first, true);
        assert.deepEqual(second.map((job) => job.prompt), ["2"], "the claim does not wait");
        const again = await sessions.a`
        select operation from public.claim_generation_jobs('image_generation_queue', 30, 5)
        where job_id = ${mine.job_id}`;
        assert.deepEqual([...again], [{ operation: { name: "op" } }]);
      },
    );
  }));
