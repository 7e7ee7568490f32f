/** What a job has ended as, when several would end it. */

import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { cancel, claim, type Claimed, complete, defer, fail } from "../calls.ts";
import { expire, job, overlap, race } from "./sessions.ts";

type Call = (session: Sql, mine: Claimed) => Promise<unknown>;

const cancelling: Call = (session, { job_id }) => cancel(session, job_id);
const failing: Call = (session, mine) => fail(session, mine);
const deferring: Call = (session, mine) => defer(session, mine);

const CANCELLED = { cancelled: true, status: "cancelled" };
const LATE = (status: string) => ({ cancelled: false, status });
const COMPLETED = {
  held: true,
  entities: [{ slot: "scene", key: "scene:sb:s1", outcome: "linked" }],
  publications: [{ slot: "scene", object_path: "1-1.png", content_type: "image/png" }],
  contended: false,
  due: [],
  claims: null,
};
const LOST = { held: false };

/** Two calls for one claimed job: their answers, and what the job is afterwards. The second waits. */
const PAIRS: [string, [Call, unknown], [Call, unknown], string][] = [
  [
    "a completion that is repeated while the first is under way answers the same",
    [complete, COMPLETED],
    [complete, COMPLETED],
    "succeeded",
  ],
  [
    "a failure that is repeated while the first is under way answers the same",
    [failing, true],
    [failing, true],
    "failed",
  ],
  [
    "a cancellation waits for a completion, and comes too late",
    [complete, COMPLETED],
    [cancelling, LATE("succeeded")],
    "succeeded",
  ],
  [
    "a completion waits for a cancellation, and stores nothing",
    [cancelling, CANCELLED],
    [complete, LOST],
    "cancelled",
  ],
  [
    "a deferral waits for a cancellation, and changes nothing",
    [cancelling, CANCELLED],
    [deferring, false],
    "cancelled",
  ],
  [
    "a failure waits for a cancellation, and changes nothing",
    [cancelling, CANCELLED],
    [failing, false],
    "cancelled",
  ],
  [
    "what has just been deferred can be cancelled",
    [deferring, true],
    [cancelling, CANCELLED],
    "cancelled",
  ],
  [
    "what has just failed cannot be cancelled",
    [failing, true],
    [cancelling, LATE("failed")],
    "failed",
  ],
  [
    "of two cancellations one has cancelled",
    [cancelling, CANCELLED],
    [cancelling, LATE("cancelled")],
    "cancelled",
  ],
];

Deno.test("how a job ends", (t) =>
  race(t, async (step) => {
    for (const [name, [one, answer], [other, late], status] of PAIRS) {
      await step(name, async (sessions) => {
        const [mine] = await claim(sessions.onlooker);
        const outcome = await overlap(sessions, (a) => one(a, mine), (b) => other(b, mine));
        assert.deepEqual(outcome, { first: answer, second: late, waited: true });
        const ended = await job(sessions.onlooker, "1");
        assert.equal(ended.status, status);
        if (status === "cancelled" && other !== cancelling) assert.equal(ended.error_code, null);
        const [{ value }] = await sessions.onlooker`select value from public.kv_store_7ee7668a`;
        assert.equal("imageUrl" in value, status === "succeeded");
      });
    }

    for (const order of ["the new one first", "the old one first"]) {
      await step(`an old lease changes nothing of a completion, ${order}`, async (sessions) => {
        const [old] = await claim(sessions.onlooker);
        await expire(sessions.onlooker);
        const [mine] = await claim(sessions.onlooker);
        const leases = order === "the new one first" ? [mine, old] : [old, mine];
        const { first, second } = await overlap(
          sessions,
          (a) => complete(a, leases[0]),
          (b) => complete(b, leases[1]),
        );
        const [held, lost] = first.held ? [first, second] : [second, first];
        assert.deepEqual([held.held, lost], [true, LOST]);
        assert.equal((await job(sessions.onlooker, "1")).object_path, "1-2.png");
      });
    }

    await step("what is being cancelled is not claimed", async (sessions) => {
      const { id } = await job(sessions.onlooker, "1");
      const { second, waited } = await overlap(sessions, (a) => cancel(a, id), (b) => claim(b, 3));
      assert.equal(waited, false);
      assert.deepEqual(second.map((job) => job.prompt), ["2", "3"]);
    });

    await step("what is being claimed can be cancelled", async (sessions) => {
      const { id } = await job(sessions.onlooker, "1");
      const { first: [mine], second } = await overlap(sessions, claim, (b) => cancel(b, id));
      assert.deepEqual(second, CANCELLED);
      assert.deepEqual(await complete(sessions.a, mine), LOST);
    });
  }));
