/** What a job has ended as, when several would end it. */

import assert from "node:assert/strict";
import { cancel, claim, complete, defer, fail } from "../calls.ts";
import { expire, job, overlap, race } from "./sessions.ts";

const CANCELLED = { cancelled: true, status: "cancelled" };

Deno.test("how a job ends", (t) =>
  race(t, async (step) => {
    await step(
      "a completion that is repeated while the first is under way answers the same",
      async (sessions) => {
        const [mine] = await claim(sessions.onlooker);
        const { first, second, waited } = await overlap(
          sessions,
          (a) => complete(a, mine),
          (b) => complete(b, mine),
        );
        assert.equal(waited, true);
        assert.deepEqual(second, first);
        assert.equal(first.entities[0].outcome, "linked");
      },
    );

    await step(
      "a completion by an old lease changes nothing of the new one's",
      async (sessions) => {
        const [old] = await claim(sessions.onlooker);
        await expire(sessions.onlooker);
        const [mine] = await claim(sessions.onlooker);
        const { first, second } = await overlap(
          sessions,
          (a) => complete(a, mine),
          (b) => complete(b, old),
        );
        assert.equal(first.held, true);
        assert.deepEqual(second, { held: false });
        assert.equal((await job(sessions.onlooker, "1")).object_path, "1-2.png");
      },
    );

    await step("a new lease completes after an old one has tried", async (sessions) => {
      const [old] = await claim(sessions.onlooker);
      await expire(sessions.onlooker);
      const [mine] = await claim(sessions.onlooker);
      const { first, second } = await overlap(
        sessions,
        (a) => complete(a, old),
        (b) => complete(b, mine),
      );
      assert.deepEqual([first.held, second.held], [false, true]);
    });

    await step("a cancellation waits for a completion, and comes too late", async (sessions) => {
      const [mine] = await claim(sessions.onlooker);
      const { second, waited } = await overlap(
        sessions,
        (a) => complete(a, mine),
        (b) => cancel(b, mine.job_id),
      );
      assert.equal(waited, true);
      assert.deepEqual(second, { cancelled: false, status: "succeeded" });
    });

    await step("a completion waits for a cancellation, and stores nothing", async (sessions) => {
      const [mine] = await claim(sessions.onlooker);
      const { first, second, waited } = await overlap(
        sessions,
        (a) => cancel(a, mine.job_id),
        (b) => complete(b, mine),
      );
      assert.equal(waited, true);
      assert.deepEqual(first, CANCELLED);
      assert.deepEqual(second, { held: false });
      const [{ value }] = await sessions.onlooker`select value from public.kv_store_7ee7668a`;
      assert.deepEqual(value, { title: "Cliff" });
    });

    await step("what is being cancelled is not claimed", async (sessions) => {
      const { id } = await job(sessions.onlooker, "1");
      const { second, waited } = await overlap(
        sessions,
        (a) => cancel(a, id),
        (b) => claim(b, 3),
      );
      assert.equal(waited, false);
      assert.deepEqual(second.map((job) => job.prompt), ["2", "3"]);
    });

    await step("what is being claimed can be cancelled", async (sessions) => {
      const { id } = await job(sessions.onlooker, "1");
      const { first: [mine], second } = await overlap(
        sessions,
        (a) => claim(a),
        (b) => cancel(b, id),
      );
      assert.deepEqual(second, CANCELLED);
      assert.deepEqual(await complete(sessions.a, mine), { held: false });
    });

    for (const [name, write] of [["deferral", defer], ["failure", fail]] as const) {
      await step(`a ${name} waits for a cancellation, and changes nothing`, async (sessions) => {
        const [mine] = await claim(sessions.onlooker);
        const { second, waited } = await overlap(
          sessions,
          (a) => cancel(a, mine.job_id),
          (b) => write(b, mine),
        );
        assert.deepEqual([second, waited], [false, true]);
        const { status, error_code } = await job(sessions.onlooker, "1");
        assert.deepEqual([status, error_code], ["cancelled", null]);
      });
    }

    await step("what has just been deferred can be cancelled", async (sessions) => {
      const [mine] = await claim(sessions.onlooker);
      const { second } = await overlap(
        sessions,
        (a) => defer(a, mine),
        (b) => cancel(b, mine.job_id),
      );
      assert.deepEqual(second, CANCELLED);
    });

    await step("what has just failed cannot be cancelled", async (sessions) => {
      const [mine] = await claim(sessions.onlooker);
      const { second } = await overlap(
        sessions,
        (a) => fail(a, mine),
        (b) => cancel(b, mine.job_id),
      );
      assert.deepEqual(second, { cancelled: false, status: "failed" });
    });

    await step("of two cancellations one has cancelled", async (sessions) => {
      const { id } = await job(sessions.onlooker, "1");
      const { first, second } = await overlap(
        sessions,
        (a) => cancel(a, id),
        (b) => cancel(b, id),
      );
      assert.deepEqual(first, CANCELLED);
      assert.deepEqual(second, { cancelled: false, status: "cancelled" });
    });

    await step(
      "a failure that is repeated while the first is under way answers the same",
      async (sessions) => {
        const [mine] = await claim(sessions.onlooker);
        const { first, second } = await overlap(
          sessions,
          (a) => fail(a, mine),
          (b) => fail(b, mine),
        );
        assert.deepEqual([first, second], [true, true]);
      },
    );
  }));
