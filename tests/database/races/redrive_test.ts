/** Sending again and tidying away, while others are at it. */

import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { cancel, claim, complete, fail, prune, redrive } from "../calls.ts";
import { job, overlap, pidOf, race, untilBlocked } from "./sessions.ts";

/** The first job, failed two days ago. */
async function failed(session: Sql) {
  const [mine] = await claim(session);
  await fail(session, mine);
  await session`
    update public.generation_jobs set finished_at = finished_at - interval '2 days'
    where id = ${mine.job_id}`;
  return mine;
}

async function messages(session: Sql): Promise<number> {
  const [{ count }] = await session`select count(*)::int from pgmq.q_image_generation_queue`;
  return count;
}

/** Makes cancellations stop with the row in hand, for as long as a session holds the lock 1. */
const pauseCancellations = (session: Sql) =>
  session.unsafe(`
    create function public.pause() returns trigger language plpgsql as $$
    begin perform pg_advisory_xact_lock(1); return null; end $$;
    create trigger pause after update on public.generation_jobs
      for each row when (new.status = 'cancelled') execute function public.pause();
  `);

Deno.test("redriving and pruning", (t) =>
  race(t, async (step) => {
    await step("two who redrive send one message", async (sessions) => {
      const { job_id } = await failed(sessions.onlooker);
      const { first, second, waited } = await overlap(
        sessions,
        (a) => redrive(a),
        (b) => redrive(b),
      );
      assert.deepEqual([first, second, waited], [1, 0, true]);
      assert.equal(await messages(sessions.onlooker), 3);
      const { id, history } = await job(sessions.onlooker, "1");
      assert.equal(id, job_id);
      assert.equal(history.length, 1, "redriven once");
    });

    await step(
      "what is being redriven has failed for a cancellation meanwhile",
      async (sessions) => {
        const { job_id } = await failed(sessions.onlooker);
        const { second, waited } = await overlap(
          sessions,
          (a) => redrive(a),
          (b) => cancel(b, job_id),
        );
        assert.deepEqual([second, waited], [{ cancelled: false, status: "failed" }, false]);
        assert.equal((await cancel(sessions.b, job_id)).cancelled, true, "afterwards it can be");
      },
    );

    await step(
      "a cancellation, a redrive and a claim do not wait for each other in a circle",
      async (sessions) => {
        const { a, b, onlooker, another } = sessions;
        const [mine] = await claim(onlooker);
        const [gate, worker] = [another(), another()];
        const [cancelling, claiming] = await Promise.all([b, worker].map(pidOf));
        await pauseCancellations(onlooker);
        await gate`select pg_advisory_lock(1)`;

        // The cancellation has seen the job running and waits for its message, which fails and comes
        // back: now it has the row, and another worker the message.
        await a`begin`;
        await fail(a, mine);
        const cancellation = cancel(b, mine.job_id);
        await untilBlocked(onlooker, cancelling);
        assert.equal(await redrive(a), 1);
        await a`commit`;
        await untilBlocked(onlooker, cancelling);
        const claimed = claim(worker, 1);
        await untilBlocked(onlooker, claiming);
        await gate`select pg_advisory_unlock(1)`;
        assert.equal((await cancellation).cancelled, true);
        assert.deepEqual((await claimed).map((job) => job.prompt), ["2"]);
        await onlooker`drop function public.pause() cascade`;
      },
    );

    await step("a redrive does not see what is just failing", async (sessions) => {
      const [mine] = await claim(sessions.onlooker);
      const { second, waited } = await overlap(
        sessions,
        (a) => fail(a, mine),
        (b) => redrive(b),
      );
      assert.deepEqual([second, waited], [0, false]);
      assert.equal(await redrive(sessions.b), 1, "the next one does");
    });

    await step(
      "a failure that is repeated while its job is redriven fails nothing",
      async (sessions) => {
        const mine = await failed(sessions.onlooker);
        const { second } = await overlap(
          sessions,
          (a) => redrive(a),
          (b) => fail(b, mine),
        );
        assert.equal(second, false);
        assert.equal((await job(sessions.onlooker, "1")).status, "queued");
      },
    );

    await step("what is being pruned is not redriven", async (sessions) => {
      await failed(sessions.onlooker);
      const { first, second, waited } = await overlap(
        sessions,
        (a) => prune(a, true),
        (b) => redrive(b),
      );
      assert.deepEqual([first, second, waited], [1, 0, true]);
      assert.equal(await job(sessions.onlooker, "1"), undefined);
    });

    await step("what is being redriven is not pruned", async (sessions) => {
      await failed(sessions.onlooker);
      const { first, second, waited } = await overlap(
        sessions,
        (a) => redrive(a),
        (b) => prune(b, true),
      );
      assert.deepEqual([first, second, waited], [1, 0, false]);
      assert.equal((await job(sessions.onlooker, "1")).status, "queued");
    });

    await step("two who prune do not wait for each other", async (sessions) => {
      const { onlooker } = sessions;
      for (const mine of await claim(onlooker, 3)) await complete(onlooker, mine);
      await onlooker`
        update public.generation_jobs set finished_at = finished_at - interval '2 days'`;
      await onlooker`delete from public.generation_publications`;
      const { first, second, waited } = await overlap(sessions, prune, prune);
      assert.deepEqual([first, second, waited], [2, 0, false]);
      assert.equal((await job(onlooker, "3")).object_path, "3-1.png", "the newest success stays");
    });

    await step(
      "a purge, a redrive and a repeated failure do not wait for each other in a circle",
      async (sessions) => {
        const { a, b, onlooker, another } = sessions;
        const mine = await failed(onlooker);
        const purger = another();
        const [purging, redriving] = await Promise.all([purger, b].map(pidOf));
        await a`begin`;
        // As the repeated call begins: the queue first, where it finds no message.
        await a`select from pgmq.q_image_generation_queue where msg_id = ${mine.msg_id} for update`;
        const purge = purger`select pgmq.purge_queue('image_generation_queue')`.execute();
        await untilBlocked(onlooker, purging);
        const redriven = redrive(b);
        await untilBlocked(onlooker, redriving);
        assert.equal(await fail(a, mine), true);
        await a`commit`;
        await purge;
        assert.equal(await redriven, 1);
      },
    );
  }));
